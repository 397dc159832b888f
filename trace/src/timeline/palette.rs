//! The colours of tasks and jobs.
//!
//! The palette is fixed. Each colour has a contrast of at least 3 to 1 to the light and to the dark
//! background, and its labels have a contrast of at least 4.5 to 1 to it. The colours differ for
//! readers with protanopia, deuteranopia and tritanopia, too. A test computes all of this.

use std::collections::HashMap;

/// A colour, and the colour of the text on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Swatch {
    pub(crate) fill: &'static str,
    pub(crate) text: &'static str,
}

pub(crate) const WHITE: &str = "#ffffff";
pub(crate) const BLACK: &str = "#111111";

pub(crate) const SWATCHES: [Swatch; 8] = [
    Swatch { fill: "#2f6fd6", text: WHITE },
    Swatch { fill: "#d06b00", text: BLACK },
    Swatch { fill: "#66966c", text: BLACK },
    Swatch { fill: "#7d509b", text: WHITE },
    Swatch { fill: "#5193f4", text: BLACK },
    Swatch { fill: "#b877b6", text: BLACK },
    Swatch { fill: "#9a4f00", text: WHITE },
    Swatch { fill: "#5a7064", text: WHITE },
];

/// The colours of all names of a drawing.
#[derive(Debug, Default)]
pub(crate) struct Palette {
    colours: HashMap<String, usize>,
    names: Vec<(String, usize)>,
}

impl Palette {
    /// Chooses the colours of `names`. A name gets the colour of its hash, or the next one that no
    /// earlier name has, so that names share a colour only if there are more names than colours.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Palette {
        let mut palette = Palette::default();
        let mut is_taken = [false; SWATCHES.len()];
        for name in names {
            if palette.colours.contains_key(name) {
                continue;
            }
            let wanted = hash(name) as usize % SWATCHES.len();
            let mut candidates = (wanted..SWATCHES.len()).chain(0..wanted);
            let colour = candidates.find(|&colour| !is_taken[colour]).unwrap_or(wanted);
            is_taken[colour] = true;
            palette.colours.insert(name.to_owned(), colour);
            palette.names.push((name.to_owned(), colour));
        }
        palette
    }

    /// The number of a name's colour.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.colours.get(name).copied()
    }

    /// The names with the numbers of their colours, in the order of [`new`](Palette::new).
    pub(crate) fn names(&self) -> &[(String, usize)] {
        &self.names
    }
}

/// FNV-1a. The hash of a name is the same in every build, so a name keeps its colour.
fn hash(name: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    name.bytes().fold(0x811c_9dc5, step)
}
