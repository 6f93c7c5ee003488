//! What a step of a stream gives.

/// Where a mask is to be written, and whose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Mark {
    /// The index in the output before which it goes.
    pub at: u64,
    /// The order of the pattern.
    pub order: u64,
}

/// What a step gives: bytes, and the masks between them.
#[derive(Default)]
pub struct Output {
    pub bytes: Vec<u8>,
    pub marks: Vec<Mark>,
    /// It is what was taken in, which is not copied.
    pub unchanged: bool,
}

impl Output {
    /// Nothing, with the room that was there.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.marks.clear();
        self.unchanged = false;
    }
}

/// What is written of a buffer, in order.
pub struct Writer<'a> {
    pub buffer: &'a [u8],
    pub sequences: &'a [(usize, usize)],
    pub solid: &'a [(usize, usize)],
    pub position: usize,
    pub covered: usize,
    pub out: &'a mut Output,
}

impl Writer<'_> {
    /// Write up to `to`: escape sequences only where a mask stands, then the text.
    pub fn advance(&mut self, to: usize) {
        let under = self.covered.min(to);
        if self.position < under {
            self.moved(self.position, under);
            self.position = under;
        }
        if self.position < to {
            self.out.bytes.extend_from_slice(&self.buffer[self.position..to]);
            self.position = to;
        }
    }

    /// Write the sequences between two places that a mask leaves as they are: all but those that are secret.
    ///
    /// The rest of one is written whose beginning is out, for it was cut. What has no sequence's beginning (a character
    /// of no width, one that is written over) stays away.
    fn moved(&mut self, begin: usize, end: usize) {
        for &(start, stop) in self.sequences {
            if begin < stop
                && stop <= end
                && matches!(self.buffer[start], 0x1b | 0x0e | 0x0f)
                && !self.solid.iter().any(|&(a, b)| a < stop && start < b)
            {
                self.out.bytes.extend_from_slice(&self.buffer[begin.max(start)..stop]);
            }
        }
    }
}
