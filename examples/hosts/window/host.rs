//! [`WindowHost`]: a window whose event loop turns the runtime.
//!
//! winit calls [`about_to_wait`](ApplicationHandler::about_to_wait) at the end of each iteration,
//! which turns the runtime without sleeping. The event loop then sleeps until the next of these:
//!
//! - an event of the window;
//! - the event that the runtime's hook posts, when another thread wakes a task or a socket is
//!   ready;
//! - the deadline that the turn has announced, or the time of the next frame.

use std::error::Error;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aside::{NextTurn, Runtime};
use softbuffer::{Context, Surface};
use winit::application::ApplicationHandler;
use winit::dpi::PhysicalSize;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, ControlFlow, OwnedDisplayHandle};
use winit::window::{Window, WindowId};

use crate::canvas::Canvas;
use crate::view::{HEIGHT, View, WIDTH};

const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);

type Failure = Box<dyn Error>;

/// A window and its memory for pixels.
struct Screen {
    window: Rc<Window>,
    surface: Surface<OwnedDisplayHandle, Rc<Window>>,
}

impl Screen {
    fn open(event_loop: &ActiveEventLoop) -> Result<Screen, Failure> {
        let size = PhysicalSize::new(WIDTH, HEIGHT);
        let attributes = Window::default_attributes().with_title("aside in a window");
        let window = event_loop.create_window(attributes.with_inner_size(size))?;
        let window = Rc::new(window);
        let context = Context::new(event_loop.owned_display_handle())?;
        let surface = Surface::new(&context, Rc::clone(&window))?;
        Ok(Screen { window, surface })
    }

    fn draw(&mut self, view: &View) -> Result<(), Failure> {
        let size = self.window.inner_size();
        let sides = (NonZeroU32::new(size.width), NonZeroU32::new(size.height));
        // A minimised window has no pixels.
        let (Some(width), Some(height)) = sides else { return Ok(()) };
        self.surface.resize(width, height)?;
        let mut pixels = self.surface.buffer_mut()?;
        view.draw(&mut Canvas::new(&mut pixels, size.width as usize));
        self.window.pre_present_notify();
        pixels.present()?;
        Ok(())
    }
}

/// The application: a runtime and its window.
pub(crate) struct WindowHost {
    runtime: Runtime,
    view: Rc<View>,
    /// `None` before winit has started, and after the window was closed.
    screen: Option<Screen>,
    next_frame: Instant,
    failure: Option<Failure>,
}

impl WindowHost {
    pub(crate) fn new(runtime: Runtime, view: Rc<View>) -> WindowHost {
        WindowHost { runtime, view, screen: None, next_frame: Instant::now(), failure: None }
    }

    /// Returns the runtime, to shut it down after the event loop has ended.
    pub(crate) fn into_runtime(self) -> Result<Runtime, Failure> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(self.runtime),
        }
    }

    /// Ends the event loop if a system call of the window has failed.
    fn check<T>(&mut self, result: Result<T, Failure>, event_loop: &ActiveEventLoop) -> Option<T> {
        result
            .map_err(|failure| {
                self.failure = Some(failure);
                event_loop.exit();
            })
            .ok()
    }

    /// Requests a frame if a task has changed the view or if the next frame of an animation is due.
    /// Returns when the next frame is due.
    fn request_frame(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let is_due = self.view.is_animated() && now >= self.next_frame;
        if is_due {
            // Frames that are late are skipped.
            self.next_frame = (self.next_frame + FRAME).max(now);
        }
        if (self.view.take_changed() || is_due)
            && let Some(screen) = &self.screen
        {
            screen.window.request_redraw();
        }
        self.view.is_animated().then_some(self.next_frame)
    }
}

impl ApplicationHandler for WindowHost {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let opened = Screen::open(event_loop);
        self.screen = self.check(opened, event_loop);
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::RedrawRequested => {
                let Some(screen) = &mut self.screen else { return };
                let drawn = screen.draw(&self.view);
                self.check(drawn, event_loop);
            }
            WindowEvent::CloseRequested => event_loop.exit(),
            _ => {}
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        // A task that runs a nested event loop, for a modal dialog, is inside a turn already.
        let next_turn = match self.runtime.try_turn(Duration::ZERO) {
            Ok(turn) => turn.next,
            Err(_) => self.runtime.next_turn(),
        };
        let next_frame = self.request_frame();
        let next_turn = match next_turn {
            NextTurn::Now => Some(Instant::now()),
            NextTurn::At(deadline) => Some(deadline),
            NextTurn::OnWake => None,
        };
        let due = next_turn.into_iter().chain(next_frame).min();
        event_loop.set_control_flow(due.map_or(ControlFlow::Wait, ControlFlow::WaitUntil));
    }

    fn exiting(&mut self, _event_loop: &ActiveEventLoop) {
        // The window disappears now. The shutdown of the runtime may have to wait for a job.
        self.screen = None;
    }
}
