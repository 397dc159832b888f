//! [`Canvas`]: rectangles and text in a memory of pixels.

use font8x8::legacy::BASIC_LEGACY;

/// The size of a character, in pixels. Each pixel of the font covers a square of two by two.
pub(crate) const CELL: usize = 16;

/// The pixels of a window, as `0x00RRGGBB`. Drawing outside of them does nothing.
pub(crate) struct Canvas<'a> {
    pixels: &'a mut [u32],
    width: usize,
}

impl Canvas<'_> {
    pub(crate) fn new(pixels: &mut [u32], width: usize) -> Canvas<'_> {
        Canvas { pixels, width }
    }

    pub(crate) fn clear(&mut self, colour: u32) {
        self.pixels.fill(colour);
    }

    /// Fills a rectangle, which is given by its upper left corner and its size.
    pub(crate) fn fill(&mut self, (x, y): (usize, usize), size: (usize, usize), colour: u32) {
        let columns = x.min(self.width)..(x + size.0).min(self.width);
        for row in self.pixels.chunks_exact_mut(self.width).skip(y).take(size.1) {
            row[columns.clone()].fill(colour);
        }
    }

    /// Writes a line of text. A character that the font lacks is left blank.
    pub(crate) fn text(&mut self, (x, y): (usize, usize), text: &str, colour: u32) {
        for (index, character) in text.chars().enumerate() {
            let glyph = BASIC_LEGACY.get(character as usize).copied().unwrap_or_default();
            for (row, bits) in glyph.into_iter().enumerate() {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    let corner = (x + index * CELL + 2 * column, y + 2 * row);
                    self.fill(corner, (2, 2), colour);
                }
            }
        }
    }
}
