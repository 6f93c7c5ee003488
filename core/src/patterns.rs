//! Patterns compiled for searching: what to look for in each reading.

use std::sync::{Arc, Mutex};

use crate::bare::Bare;
use crate::base64_edge::{after, belongs, Before, START};
use crate::ellipsis::{ellipses, LONGEST_MARK};
use crate::ends::{Ends, LONGEST_END};
use crate::keys::Keys;
use crate::occurrence::NOBODY;
use crate::pattern::{Left, Pattern, Texts};
use crate::reading::{readings, Kind, Reading, Text};
use crate::screen::{special, Screen};
use crate::search::Search;
use crate::sieve::{Sieve, Sift};

/// Bytes in which an end that is shown after an ellipsis nearly always lies.
const FAR: usize = 1024;

/// Patterns from which on it takes milliseconds to look at each.
const MANY: usize = 1 << 13;

/// Every pattern of a redactor. Shared between threads.
pub struct PatternSet {
    texts: Arc<Texts>,
    pub patterns: Arc<Vec<Pattern>>,
    /// Text is read as a terminal shows it too.
    pub screen: bool,
    /// A beginning that breaks off is masked too when it is long enough.
    pub shortened: bool,
    /// Any of them counts as a whole word only.
    pub words: bool,
    left: Left,
    exact: Keys,
    loose: Keys,
    /// See the method of that name.
    shown: Mutex<Option<Arc<(Keys, Keys)>>>,
    ends: Mutex<Option<Arc<Ends>>>,
    pub sieve: Sieve,
}

impl PatternSet {
    /// Patterns with distinct texts, none empty or of whitespace only.
    pub fn new(texts: Arc<Texts>, patterns: Arc<Vec<Pattern>>, screen: bool, shortened: bool) -> PatternSet {
        let (mut exact, mut loose) = (Vec::new(), Vec::new());
        for (order, pattern) in patterns.iter().enumerate() {
            if !pattern.loose || pattern.text != pattern.key {
                exact.push((pattern.text, order as u32, pattern.public));
            }
            if pattern.loose {
                loose.push((pattern.key, order as u32, pattern.public_of_key));
            }
        }
        let exact = Keys::new(&texts, &patterns, exact, shortened);
        let loose = Keys::new(&texts, &patterns, loose, shortened);
        let left = patterns.iter().fold(Left::default(), |left, pattern| left.or(pattern.rule.left));
        let words = patterns.iter().any(|pattern| pattern.rule.word);
        let sieve = Sieve::new(&texts, &patterns, [&exact, &loose], screen, shortened);
        let (ends, shown) = (Mutex::new(None), Mutex::new(None));
        let set = PatternSet { texts, patterns, screen, shortened, words, left, exact, loose, shown, ends, sieve };
        if screen && set.patterns.len() < MANY {
            set.shown(); // the first text need not wait for it
        }
        set
    }

    /// What a terminal may show as it is; of many patterns it is told when the first text comes that it does not.
    pub fn shown(&self) -> Arc<(Keys, Keys)> {
        made(&self.shown, || {
            let as_it_is = |text: &[u8]| !special(text) || Screen::new(text, &[]).bytes() == text;
            let of = |keys: &Keys| keys.filtered(&self.patterns, self.shortened, as_it_is);
            (of(&self.exact), of(&self.loose))
        })
    }

    /// Their ends, made when they are first asked for.
    pub fn ends(&self) -> Arc<Ends> {
        made(&self.ends, || Ends::new(&self.texts, &self.patterns))
    }

    /// Whether the last byte may belong to base64 that begins with the next.
    pub fn left_edge(&self, text: &[u8], before: Before) -> bool {
        let last = text.len() - 1;
        let place = |place| belongs(self.left, text[last], place);
        (place(1) || place(2)) && place(after(text, last, before).run)
    }

    /// The keys, exact and without whitespace, that are looked for in bytes as they are; in what a terminal shows no
    /// others are.
    pub fn keys(&self) -> (&Keys, &Keys) {
        (&self.exact, &self.loose)
    }

    /// Everything that is found in any reading of a buffer, and how a terminal shows it.
    pub fn look<'a>(
        &'a self,
        buffer: &'a [u8],
        before: Before,
        last_shown: Option<u8>,
        last: bool,
        every: bool,
    ) -> (Search<'a>, Option<Screen<'a>>) {
        let mut search = Search::new(buffer, before, self, last, every);
        let plain = self.screen && !special(buffer);
        self.look_as_it_is(&mut search, last_shown, plain);
        let screen = if plain { None } else { self.look_as_shown(&mut search, last_shown) };
        self.look_at_edge(&mut search);
        (search, screen)
    }

    /// What is found in a buffer's bytes as they are; `plain` when a terminal shows them so.
    pub fn look_as_it_is(&self, search: &mut Search, last_shown: Option<u8>, plain: bool) {
        let (buffer, before) = (search.buffer, search.before);
        let kind = if plain { Kind::Plain } else { Kind::AsTheyAre };
        let text = Text::whole(buffer);
        let readings = readings(&text, buffer.len(), &self.exact, &self.loose, kind);
        let between = |reading: &Reading| plain && !reading.solid;
        let shown = if readings.iter().any(between) { Some(self.shown()) } else { None };
        for mut reading in readings {
            if let (true, Some(shown)) = (between(&reading), &shown) {
                reading.keys = &shown.1; // between margins only what is shown is looked for
            }
            search.look(&reading, before.byte);
            if plain && self.words && last_shown != before.byte {
                search.look(&reading, last_shown);
            }
        }
    }

    /// What is found in what a terminal shows of a buffer.
    pub fn look_as_shown<'a>(&'a self, search: &mut Search<'a>, last_shown: Option<u8>) -> Option<Screen<'a>> {
        if !self.screen {
            return None;
        }
        let shown = self.shown();
        let (exact, loose) = &*shown;
        let buffer = search.buffer;
        let seen = Screen::new(buffer, &[]);
        let look = |search: &mut Search, screen: &Screen<'a>, data: &[usize]| {
            for reading in screen.readings(exact, loose, data.first().copied()) {
                search.look(&reading, last_shown);
            }
            if screen.doubled {
                for reading in Screen::read(buffer, data, false).readings(exact, loose, data.first().copied()) {
                    search.look(&reading, last_shown);
                }
            }
        };
        look(search, &seen, &[]);
        if let (Some(place), Some(known), false) = (seen.last_return, exact.beginning(b"\r"), search.last) {
            // a blank before it is only written over where no LF follows
            let limit = if known.early == 0 { place } else { buffer.len() };
            search.wait(place, place, limit, i64::from(known.order));
        }
        let mut cut = seen.cut;
        let mut data = Vec::new();
        while cut < buffer.len() && !search.last {
            // it may be text, in which there may be another one
            data.push(cut);
            search.wait(cut, buffer.len(), buffer.len(), NOBODY);
            let other = Screen::new(buffer, &data);
            look(search, &other, &data);
            cut = other.cut;
        }
        Some(seen)
    }

    /// Wait for base64 that the last byte may belong to.
    pub fn look_at_edge(&self, search: &mut Search) {
        let size = search.buffer.len();
        if size > 0 && !search.last && self.left_edge(search.buffer, search.before) {
            search.wait(size - 1, size - 1, size, NOBODY);
        }
    }

    /// A place near which an occurrence may stand in a text, the first from `from` on; see `Sieve::next`.
    pub fn near(&self, sift: &mut Sift, text: &[u8], bare: &Bare, from: usize) -> Option<usize> {
        self.sieve.next(sift, bare, from, |place| self.has_end(&text[place..]))
    }

    /// Whether an end of a pattern may stand after an ellipsis that begins in the first bytes of a text.
    fn has_end(&self, text: &[u8]) -> bool {
        let part = &text[..text.len().min(FAR)];
        let ends = self.ends();
        let in_reading = |bytes: &[u8]| {
            let mut near = ellipses(bytes).into_iter().take_while(|one| one.start <= LONGEST_MARK).peekable();
            let is_cut = |end: usize| part.len() < text.len() && bytes.len() < end + LONGEST_END;
            near.peek().is_none() || near.any(|one| is_cut(one.end) || !ends.found(bytes, &[one.end]).is_empty())
        };
        in_reading(part) || (self.screen && in_reading(Screen::new(part, &[]).bytes()))
    }

    /// Whether anything stands in `text`.
    pub fn hold(&self, text: &[u8]) -> bool {
        !self.look(text, START, None, true, false).0.found.is_empty()
    }

    /// The last byte before `end` that a terminal shows, or `known`; where it matters.
    pub fn last_shown(&self, buffer: &[u8], end: usize, screen: Option<&Screen>, known: Option<u8>) -> Option<u8> {
        if !self.words {
            return None;
        }
        match screen {
            Some(screen) => screen.before(end),
            None => end.checked_sub(1).map(|last| buffer[last]), // plain text
        }
        .or(known)
    }
}

/// What is made when it is first asked for.
fn made<T>(place: &Mutex<Option<Arc<T>>>, make: impl FnOnce() -> T) -> Arc<T> {
    let mut place = match place.lock() {
        Ok(place) => place,
        Err(poisoned) => poisoned.into_inner(),
    };
    place.get_or_insert_with(|| Arc::new(make())).clone()
}
