//! Tests of the timeline, on recordings that are written by hand.

mod colours;
mod drawings;
mod layouts;
mod script;
