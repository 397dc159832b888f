//! [`Display`]: an X server without a screen, and a client that reads the window of a program.

use std::cell::Cell;
use std::process::{Command, Stdio};

use font8x8::legacy::BASIC_LEGACY;
use programs::Program;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask, ImageFormat,
    Window,
};
use x11rb::rust_connection::RustConnection;
use x11rb::{CURRENT_TIME, NONE};

const CELL: usize = 16;
const MARGIN: usize = 16;
const TEXT: u32 = 0x00e8_e8e8;

/// An X server. A minute after the start the server is killed, which ends all waits of the test.
pub(crate) struct Display {
    name: String,
    client: RustConnection,
    window: Cell<Window>,
    damage: u32,
    _server: Program,
}

impl Display {
    /// Starts a server under a free number.
    pub(crate) fn start() -> Display {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"]);
        // It reports each number that another server uses.
        command.stderr(Stdio::null());
        let mut server = Program::of(command);
        let name = format!(":{}", server.line());
        let (client, _screen) = RustConnection::connect(Some(&name)).expect("the server listens");
        let root = client.setup().roots[0].root;
        let windows = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        let selected = client.change_window_attributes(root, &windows).expect("it is connected");
        selected.check().expect("the root exists");
        let version = client.damage_query_version(1, 1).expect("it is connected");
        version.reply().expect("the server has the extension");
        let damage = client.generate_id().expect("there are numbers left");
        Display { name, client, window: Cell::new(NONE), damage, _server: server }
    }

    /// The name of the server, for the environment of the program.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn next_event(&self) -> Event {
        self.client.wait_for_event().expect("the server runs")
    }

    /// Waits until the program shows its window.
    pub(crate) fn wait_for_window(&self) {
        let window = loop {
            if let Event::MapNotify(event) = self.next_event() {
                break event.window;
            }
        };
        self.window.set(window);
        let level = ReportLevel::NON_EMPTY;
        let created = self.client.damage_create(self.damage, window, level);
        created.expect("it is connected").check().expect("the window exists");
    }

    /// Waits until the picture in the window is the expected one: looks at the picture now, and
    /// after each change.
    pub(crate) fn wait_for(&self, is_expected: impl Fn(&Picture) -> bool) -> Picture {
        loop {
            // The server reports the next change after this request.
            self.client.damage_subtract(self.damage, NONE, NONE).expect("it is connected");
            let picture = self.picture();
            if is_expected(&picture) {
                return picture;
            }
            while !matches!(self.next_event(), Event::DamageNotify(_)) {}
        }
    }

    fn picture(&self) -> Picture {
        let window = self.window.get();
        let size = self.client.get_geometry(window).expect("it is connected");
        let size = size.reply().expect("the window exists");
        let (format, planes) = (ImageFormat::Z_PIXMAP, u32::MAX);
        let image = self.client.get_image(format, window, 0, 0, size.width, size.height, planes);
        let image = image.expect("it is connected").reply().expect("the window is shown");
        let pixels = image.data.chunks_exact(4).map(|bytes| {
            u32::from_le_bytes(bytes.try_into().expect("there are four bytes")) & 0x00ff_ffff
        });
        Picture { pixels: pixels.collect(), width: usize::from(size.width) }
    }

    /// Closes the window as a window manager does, and waits until it has disappeared.
    pub(crate) fn close_window(&self) {
        let window = self.window.get();
        let atom = |name: &[u8]| {
            let atom = self.client.intern_atom(false, name).expect("it is connected");
            atom.reply().expect("the server has the atom").atom
        };
        let request = [atom(b"WM_DELETE_WINDOW"), CURRENT_TIME, 0, 0, 0];
        let message = ClientMessageEvent::new(32, window, atom(b"WM_PROTOCOLS"), request);
        let sent = self.client.send_event(false, window, EventMask::NO_EVENT, message);
        sent.expect("it is connected").check().expect("the window exists");
        while !matches!(self.next_event(), Event::DestroyNotify(event) if event.window == window) {}
    }
}

/// The pixels of the window, as `0x00RRGGBB`.
pub(crate) struct Picture {
    pixels: Vec<u32>,
    width: usize,
}

impl Picture {
    pub(crate) fn pixel(&self, x: usize, y: usize) -> u32 {
        self.pixels.get(y * self.width + x).copied().unwrap_or_default()
    }

    /// Reads a line of text. A cell that contains no character of the font is read as `?`.
    pub(crate) fn text(&self, line: usize) -> String {
        let y = MARGIN + line * 2 * CELL;
        let cells = (MARGIN..self.width - MARGIN).step_by(CELL);
        let text: String = cells.map(|x| self.character(x, y)).collect();
        text.trim_end().to_owned()
    }

    fn character(&self, x: usize, y: usize) -> char {
        let row = |row| {
            let bit = |column: usize| self.pixel(x + 2 * column, y + 2 * row) == TEXT;
            (0..8).fold(0, |bits, column| bits | u8::from(bit(column)) << column)
        };
        let glyph: [u8; 8] = std::array::from_fn(row);
        let found = (' '..='~').find(|&character| BASIC_LEGACY[character as usize] == glyph);
        found.unwrap_or('?')
    }

    /// Reads the number of the frame.
    pub(crate) fn frame(&self) -> u64 {
        let text = self.text(5);
        let number = text.split(' ').nth(1).and_then(|number| number.parse().ok());
        number.unwrap_or_default()
    }
}
