//! A search that does not end by itself: mutated streams through the core, with overflow checks.
//!
//!     fuzz SECONDS SEED [FILE...]
//!
//! A panic is a find, with its seed. So is a stream in which nothing was masked and which did not come out as
//! it went in, and one of which more comes out than went in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secretrun_core::matcher::Matcher;
use secretrun_core::output::Output;
use secretrun_core::pattern::Rule;
use secretrun_core::patterns::PatternSet;
use secretrun_core::table::Table;

/// A generator of numbers: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a [u8]]) -> &'a [u8] {
        of[self.below(of.len())]
    }
}

const PIECES: &[&[u8]] = &[
    b"\x1b[1m", b"\x1b[0m", b"\x1b[38;2;1;2;3m", b"\x1b[K", b"\x1b[H", b"\x1b[1G", b"\x1b]8;;https://h/\x1b\\", b"\x1b]0;t\x07",
    b"\x1b", b"\x1b[", b"\x1b]", b"\x1bP", b"\x9b", b"\xc2\x9b1m", b"\xc2", b"\xe2\x80", b"\xe2\x80\x8b", b"\xe2\x80\xa6", b"...", b"\\u2026",
    b"[22 chars]", b"\n", b"\r\n", b"\r", b" ", b" \x08", b"\x08", b"_\x08", b"\n# ", b"\n> > > ", b" |\n| ", b" \\\n", b"\xe2\x94\x82\n\xe2\x94\x82 ",
    b"\n+", b"=", b"A", b"\x0e\x0f", b"\0", b"\xf3\xa0\x80", b"                                                                  ",
];
const SECRETS: &[&[u8]] = &[
    b"correct-horse-battery", b"hunter2", b"ab12", b"Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", b"line one 1234\nline two 5678", b"x\x1b[31mred\x1b[0m-inside",
    b"aaaaaaaaaaaaaaaaaaaa", b"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END KEY-----", b"h\0u\0n\0t\0e\0r\02\0-\0", b"...dots...",
    b"| bordered | value |", b"p\xc3\xa4ssw\xc3\xb6rd-\xc3\xbc\xc3\x9f", b"3f786850e387550fdab836ed7e6dc881de23001b", b"12345678901234567890m-and-more", b"zz",
];

/// Patterns, and under which rules.
fn patterns(random: &mut Random) -> PatternSet {
    let mut table = Table::new(random.below(2) == 0);
    let rules = [0, 1, 2].map(|flags| {
        let mut packed = [0; Rule::PACKED];
        packed[0] = flags;
        if flags == 2 {
            packed[4..].iter_mut().for_each(|byte| *byte = random.next() as u8);
        }
        Rule::packed(&packed).expect("well-formed")
    });
    let start = random.below(SECRETS.len());
    for number in 0..1 + random.below(4) {
        table.add(SECRETS[(start + number) % SECRETS.len()], rules[random.below(3)]).expect("room");
    }
    table.compiled(random.below(2) == 0, random.below(2) == 0)
}

/// Some text: of files, of secrets and of what may stand in them, and some of its bytes are others.
fn stream(random: &mut Random, files: &[Vec<u8>]) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..1 + random.below(12) {
        match random.below(4) {
            0 if !files.is_empty() => {
                let file = &files[random.below(files.len())];
                let at = random.below(file.len());
                text.extend_from_slice(&file[at..file.len().min(at + random.below(3000))]);
            }
            1 => {
                let every = 1 + random.below(20);
                for &byte in random.one(SECRETS) {
                    text.push(byte);
                    if random.below(every) == 0 {
                        text.extend_from_slice(random.one(PIECES));
                    }
                }
            }
            2 => {
                let piece = random.one(PIECES);
                (0..random.below(200)).for_each(|_| text.extend_from_slice(piece));
            }
            _ => text.extend_from_slice(random.one(PIECES)),
        }
    }
    for _ in 0..random.below(1 + text.len() / 40) {
        let at = random.below(text.len());
        text[at] = random.next() as u8;
    }
    text
}

/// One stream; returns its size.
fn run(seed: u64, files: &[Vec<u8>]) -> usize {
    let random = &mut Random(seed);
    let set = Arc::new(patterns(random));
    let text = stream(random, files);
    let mut matcher = Matcher::new(Some(set.clone()));
    let mut out = Output::default();
    let (mut all, mut masks) = (Vec::new(), 0);
    let mut rest = &text[..];
    let longest = [3, 40, 700, 1 << 20][random.below(4)];
    while !rest.is_empty() {
        let (part, later) = rest.split_at(rest.len().min(1 + random.below(longest)));
        rest = later;
        out.clear();
        match random.below(12) {
            0 => matcher.release(&mut out),
            1 => matcher.add(Some(set.clone())),
            _ => {}
        }
        all.extend_from_slice(&out.bytes);
        out.clear();
        matcher.feed(part, &mut out);
        all.extend_from_slice(if out.unchanged { part } else { &out.bytes });
        masks += out.marks.len();
        assert!(all.len() + matcher.held() <= text.len() && masks < usize::MAX);
    }
    out.clear();
    matcher.finish(&mut out);
    all.extend_from_slice(&out.bytes);
    masks += out.marks.len();
    assert!(all.len() <= text.len(), "more came out than went in");
    assert!(masks > 0 || all == text, "what went in did not come out");
    text.len()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| arguments.next().map_or(otherwise, |text| text.parse().expect("a number"));
    let (seconds, mut seed) = (number(60), number(0));
    let files: Vec<Vec<u8>> = arguments.map(|path| std::fs::read(path).expect("a file")).collect();
    let files: Vec<Vec<u8>> = files.into_iter().filter(|file| !file.is_empty()).collect();
    let until = Instant::now() + Duration::from_secs(seconds);
    let (first, mut bytes) = (seed, 0);
    while Instant::now() < until {
        match std::panic::catch_unwind(|| run(seed, &files)) {
            Ok(size) => bytes += size,
            Err(_) => {
                eprintln!("seed {seed} fails");
                std::process::exit(1);
            }
        }
        seed += 1;
    }
    println!("{} streams, {bytes} bytes, nothing found", seed - first);
}
