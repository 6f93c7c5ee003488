//! What a terminal shows of a buffer.

use std::borrow::Cow;
use std::rc::Rc;

use crate::controls::{control_at, is_special, to_first_column, HOME};
use crate::keys::Keys;
use crate::reading::{count, place, readings, Kind, Reading, Text};
use crate::wraps::seen;

/// Whether a terminal may show `text` otherwise than byte by byte and line by line.
pub fn special(text: &[u8]) -> bool {
    // blocks without a way out are compared as vectors
    text.chunks(256).any(|block| block.iter().fold(false, |any, &byte| any | is_special(byte) | (byte == b'\r')))
        && (text.iter().any(|&byte| is_special(byte)) || lone_returns(text))
}

/// Whether a CR goes back in its line: whether it is no part of a line end.
pub fn lone_returns(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, &byte)| byte == b'\r' && text.get(at + 1) != Some(&b'\n'))
}

/// What a terminal shows of a buffer.
pub struct Screen<'a> {
    text: Text<'a>,
    /// The length of the buffer.
    end: usize,
    /// The length of the text in which a gap is a break.
    size: usize,
    /// (start, end) in the buffer of all that prints nothing, the last one perhaps cut.
    pub sequences: Vec<(usize, usize)>,
    /// Where that one begins, or the buffer's length.
    pub cut: usize,
    /// Where a CR stands that all of the text ends with: it may become part of a line end.
    pub last_return: Option<usize>,
    /// With `rewritten` the other way it shows another text.
    pub doubled: bool,
}

impl<'a> Screen<'a> {
    /// `data`: places of sequences that the end of the buffer cuts; they are taken for text.
    pub fn new(buffer: &'a [u8], data: &[usize]) -> Screen<'a> {
        Screen::read(buffer, data, true)
    }

    /// The same; `rewritten`: see `wraps::wrap_at`.
    pub fn read(buffer: &'a [u8], data: &[usize], rewritten: bool) -> Screen<'a> {
        let mut screen = Screen {
            text: Text::whole(buffer),
            end: buffer.len(),
            size: buffer.len(),
            sequences: Vec::new(),
            cut: buffer.len(),
            last_return: None,
            doubled: false,
        };
        if special(buffer) {
            screen.without_controls(buffer, data);
            screen.size = screen.text.bytes.len();
            screen.text.soft = None;
            let text = &screen.text.bytes;
            if text.last() == Some(&b'\r') {
                screen.last_return = Some(place(&screen.text.places, text.len() - 1));
            }
            if text.iter().any(|&byte| byte == 0x08 || byte == HOME) || lone_returns(text) {
                screen.without_wraps(rewritten);
            }
        }
        screen
    }

    /// What is shown.
    pub fn bytes(&self) -> &[u8] {
        &self.text.bytes
    }

    fn without_controls(&mut self, buffer: &[u8], data: &[usize]) {
        let mut text = Vec::with_capacity(buffer.len());
        let mut places = Vec::with_capacity(buffer.len());
        let mut at = 0;
        while at < buffer.len() {
            let plain = buffer[at..].iter().take_while(|&&byte| !is_special(byte)).count();
            text.extend_from_slice(&buffer[at..at + plain]);
            places.extend(at as u32..(at + plain) as u32);
            at += plain;
            if at == buffer.len() {
                break;
            }
            let control = match control_at(buffer, at, !data.contains(&at)) {
                Some(control) => control,
                None => {
                    text.push(buffer[at]);
                    places.push(at as u32);
                    at += 1;
                    continue;
                }
            };
            self.sequences.push((at, control.end));
            if control.cut {
                self.cut = at;
            } else if matches!(buffer[control.end - 1], b'H' | b'G') && to_first_column(&buffer[at..control.end]) {
                text.push(HOME);
                places.push(at as u32);
            }
            at = control.end.max(at + 1);
        }
        if !self.sequences.is_empty() {
            self.text = Text { bytes: Cow::Owned(text), places: Some(Rc::new(places)), soft: None };
        }
    }

    fn without_wraps(&mut self, rewritten: bool) {
        let text = &self.text.bytes;
        let shown = |rewritten| seen(text, rewritten).map(|at| text[at]);
        self.doubled = text.contains(&HOME) && shown(true).ne(shown(false));
        let mut soft: Vec<u32> = Vec::with_capacity(text.len());
        soft.extend(seen(text, rewritten).map(|at| at as u32));
        if soft.len() == text.len() {
            return;
        }
        let bytes = soft.iter().map(|&at| text[at as usize]).collect();
        let soft = Rc::new(soft);
        let places = match &self.text.places {
            Some(places) => Rc::new(soft.iter().map(|&index| places[index as usize]).collect()),
            None => soft.clone(),
        };
        self.text = Text { bytes: Cow::Owned(bytes), places: Some(places), soft: Some(soft) };
    }

    /// The ways to read it. From place `sure` of the buffer on it is only one of two.
    pub fn readings<'k>(&'k self, exact: &'k Keys, loose: &'k Keys, sure: Option<usize>) -> Vec<Reading<'k>> {
        readings(&self.text, self.size, exact, loose, Kind::Screen { end: self.end, sure })
    }

    /// The last byte that is shown before index `index` of the buffer.
    pub fn before(&self, index: usize) -> Option<u8> {
        let count = count(&self.text.places, self.text.bytes.len(), index);
        count.checked_sub(1).map(|last| self.text.bytes[last])
    }
}
