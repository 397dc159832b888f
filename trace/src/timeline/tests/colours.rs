//! The contrast of the palette, and the difference of its colours for readers with a colour vision
//! deficiency.

use crate::timeline::palette::{BLACK, Palette, SWATCHES, WHITE};

const LIGHT_TRACK: &str = "#eef1f4";
const DARK_TRACK: &str = "#1b222b";
const BACKGROUNDS: [&str; 2] = ["#ffffff", "#0d1117"];

/// The red, green and blue light of a colour, from 0 to 1.
fn light(colour: &str) -> [f64; 3] {
    [1, 3, 5].map(|at| {
        let byte = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
        let value = f64::from(byte) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

/// The contrast by WCAG 2.2.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour| {
        let [red, green, blue] = light(colour);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

type Matrix = [[f64; 3]; 3];

/// Full vision; then protanopia, deuteranopia and tritanopia by Machado, Oliveira and Fernandes
/// (2009), severity 1.
const VISIONS: [(&str, Matrix); 4] = [
    ("full", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ),
];

fn product(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2])
}

/// OKLab, by Ottosson (2020): a space in which equal distances look equally different.
fn oklab(light: [f64; 3]) -> [f64; 3] {
    const TO_CONES: Matrix = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ];
    const TO_LAB: Matrix = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ];
    product(&TO_LAB, product(&TO_CONES, light).map(|cone| cone.max(0.0).cbrt()))
}

#[test]
fn bars_stand_out_from_light_and_dark_backgrounds() {
    for swatch in SWATCHES {
        for background in BACKGROUNDS {
            let contrast = contrast(swatch.fill, background);
            assert!(contrast >= 3.0, "{} on {background}: {contrast:.2}", swatch.fill);
        }
        for track in [LIGHT_TRACK, DARK_TRACK] {
            let contrast = contrast(swatch.fill, track);
            assert!(contrast >= 2.5, "{} on {track}: {contrast:.2}", swatch.fill);
        }
    }
}

#[test]
fn labels_are_readable_on_their_bars() {
    for swatch in SWATCHES {
        let contrast = contrast(swatch.fill, swatch.text);
        assert!(contrast >= 4.5, "{} on {}: {contrast:.2}", swatch.text, swatch.fill);
        assert!([WHITE, BLACK].contains(&swatch.text));
    }
}

#[test]
fn text_is_readable_in_both_schemes() {
    for (text, background) in [
        ("#1f2328", "#ffffff"),
        ("#59636e", "#ffffff"),
        ("#f0f6fc", "#0d1117"),
        ("#9da7b3", "#0d1117"),
    ] {
        assert!(contrast(text, background) >= 4.5, "{text} on {background}");
    }
}

/// Four colours of Okabe and Ito, which are made for this, have a least distance of 0.076.
#[test]
fn colours_differ_for_every_kind_of_colour_vision() {
    for (vision, matrix) in VISIONS {
        let seen = |fill| oklab(product(&matrix, light(fill)).map(|part| part.clamp(0.0, 1.0)));
        for (index, one) in SWATCHES.iter().enumerate() {
            for other in &SWATCHES[..index] {
                let (a, b) = (seen(one.fill), seen(other.fill));
                let squares = (0..3).map(|part| (a[part] - b[part]).powi(2));
                let distance = squares.sum::<f64>().sqrt();
                assert!(
                    distance >= 0.07,
                    "{} and {} with {vision}: {distance:.3}",
                    one.fill,
                    other.fill
                );
            }
        }
    }
}

#[test]
fn a_name_keeps_its_colour_and_shares_it_only_if_there_are_too_many_names() {
    let alone = Palette::new(["resize"]);
    let first = Palette::new(["resize", "parse", "fetch"]);
    assert_eq!(alone.index_of("resize"), first.index_of("resize"));
    let names: Vec<_> = (0..SWATCHES.len()).map(|number| format!("task {number}")).collect();
    let palette = Palette::new(names.iter().map(|name| &**name));
    let mut colours: Vec<_> = palette.names().iter().map(|&(_, colour)| colour).collect();
    colours.sort_unstable();
    assert_eq!(colours, (0..SWATCHES.len()).collect::<Vec<_>>());
    let more = Palette::new(names.iter().map(|name| &**name).chain(["one more"]));
    assert!(more.index_of("one more").unwrap() < SWATCHES.len());
    assert_eq!(more.index_of("unknown"), None);
}
