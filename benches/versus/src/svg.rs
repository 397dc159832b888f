//! A writer of SVG documents.

use std::fmt::Write;

/// A position in a document, in pixels from its upper left corner.
pub type At = (f64, f64);

/// The side of its position on which a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins at the position.
    Start,
    /// The middle of the text is at the position.
    Middle,
    /// The text ends at the position.
    End,
}

/// A document that is being written.
#[derive(Debug)]
pub struct Svg(String);

impl Svg {
    /// Begins a document with a title for screen readers and a style sheet.
    pub fn new(width: f64, height: f64, title: &str, style: &str) -> Svg {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\">"
        );
        let _ = writeln!(text, "<title>{}</title>", escaped(title));
        let _ = writeln!(text, "<style>{}</style>", escaped(style));
        Svg(text)
    }

    /// Draws a rectangle.
    pub fn rectangle(&mut self, class: &str, (x, y): At, width: f64, height: f64) {
        let _ = writeln!(
            self.0,
            "<rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"/>",
            escaped(class)
        );
    }

    /// Draws a line through these positions.
    pub fn line(&mut self, class: &str, through: &[At]) {
        let points: Vec<_> = through.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        let _ = writeln!(self.0, "<polyline class=\"{}\" points=\"{points}\"/>", escaped(class));
    }

    /// Draws a dot, with a text that a browser shows when the pointer is over the dot.
    pub fn dot(&mut self, class: &str, (x, y): At, tip: &str) {
        let (class, tip) = (escaped(class), escaped(tip));
        let _ = writeln!(
            self.0,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"><title>{tip}</title>\
             </circle>"
        );
    }

    /// Writes a text.
    pub fn text(&mut self, class: &str, anchor: Anchor, (x, y): At, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.0,
            "<text class=\"{}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escaped(class),
            escaped(text)
        );
    }

    /// Ends the document.
    pub fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_escaped() {
        let hostile = "a<b & \"c\">";
        let mut svg = Svg::new(10.0, 10.0, hostile, hostile);
        svg.text(hostile, Anchor::Middle, (1.0, 2.0), hostile);
        svg.dot(hostile, (1.0, 2.0), hostile);
        svg.line(hostile, &[(0.0, 1.0), (2.0, 3.25)]);
        svg.rectangle(hostile, (0.0, 0.0), 1.0, 1.0);
        let text = svg.finish();
        assert!(!text.contains("a<b") && !text.contains("\"c\"") && !text.contains("& "), "{text}");
        assert_eq!(text.matches("a&lt;b &amp; &quot;c&quot;&gt;").count(), 8);
        assert!(text.contains("points=\"0.0,1.0 2.0,3.2\""), "{text}");
    }

    #[test]
    fn every_element_is_closed() {
        let mut svg = Svg::new(10.0, 10.0, "title", "style");
        svg.text("a", Anchor::Start, (1.0, 2.0), "text");
        svg.dot("a", (1.0, 2.0), "tip");
        svg.line("a", &[(0.0, 1.0)]);
        let text = svg.finish();
        for element in ["svg", "title", "style", "text", "circle"] {
            let opened = text.matches(&format!("<{element}")).count();
            assert_eq!(opened, text.matches(&format!("</{element}>")).count(), "{element}");
            assert!(opened > 0, "{element}");
        }
        assert_eq!(text.matches("/>").count(), 1);
    }
}
