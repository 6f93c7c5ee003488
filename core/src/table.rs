//! The distinct patterns of some secrets, in the order in which they come: what a set is made of.

use std::sync::Arc;

use crate::grams::{word, word8, SPREAD};
use crate::pattern::{Pattern, Rule, Texts, TooLarge};
use crate::patterns::PatternSet;

/// Patterns that are still added to. A copy shares them until one of both is.
#[derive(Clone)]
pub struct Table {
    squeeze: bool,
    texts: Arc<Texts>,
    patterns: Arc<Vec<Pattern>>,
    /// Open addressing: where the pattern of a text is, by its hash.
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    hash: u32,
    order: u32,
}

const FREE: Place = Place { hash: 0, order: u32::MAX };
const FEWEST: usize = 64;

impl Table {
    /// An empty one; with `squeeze` they are found with other whitespace than theirs.
    pub fn new(squeeze: bool) -> Table {
        let places = vec![FREE; FEWEST];
        Table { squeeze, texts: Arc::default(), patterns: Arc::default(), places }
    }

    /// The number of patterns.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Bytes that are copied before something can be added.
    pub fn shared_size(&self) -> usize {
        if Arc::strong_count(&self.texts) > 1 {
            self.texts.0.len()
        } else {
            0
        }
    }

    /// Look for a text too; gives whether it was not there. Where it was, it counts under both rules.
    ///
    /// # Errors
    /// It is empty, or there is no room for it.
    pub fn add(&mut self, text: &[u8], rule: Rule) -> Result<bool, TooLarge> {
        if text.is_empty() {
            return Err(TooLarge);
        }
        let hash = hash(text);
        let mut at = hash as usize & (self.places.len() - 1);
        while self.places[at].order != FREE.order {
            let Place { hash: other, order } = self.places[at];
            let known = &self.patterns[order as usize];
            if other == hash && known.text.of(&self.texts.0) == text {
                if known.rule != rule {
                    Arc::make_mut(&mut self.patterns)[order as usize].also(rule, self.squeeze);
                }
                return Ok(false);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
        let order = u32::try_from(self.patterns.len()).map_err(|_| TooLarge)?;
        let pattern = Arc::make_mut(&mut self.texts).add(text, rule, self.squeeze)?;
        let patterns = Arc::make_mut(&mut self.patterns);
        patterns.try_reserve(1).map_err(|_| TooLarge)?;
        patterns.push(pattern);
        self.places[at] = Place { hash, order };
        if 2 * self.patterns.len() > self.places.len() {
            self.spread()?;
        }
        Ok(true)
    }

    /// Twice the places.
    fn spread(&mut self) -> Result<(), TooLarge> {
        let size = 2 * self.places.len();
        let mut places = Vec::new();
        places.try_reserve_exact(size).map_err(|_| TooLarge)?;
        places.resize(size, FREE);
        for &place in self.places.iter().filter(|place| place.order != FREE.order) {
            let mut at = place.hash as usize & (size - 1);
            while places[at].order != FREE.order {
                at = (at + 1) & (size - 1);
            }
            places[at] = place;
        }
        self.places = places;
        Ok(())
    }

    /// What a set of them is made of, while this one may be added to.
    pub fn content(&self) -> (Arc<Texts>, Arc<Vec<Pattern>>) {
        (self.texts.clone(), self.patterns.clone())
    }

    /// The set of them, see `PatternSet`.
    pub fn compiled(&self, screen: bool, shortened: bool) -> PatternSet {
        let (texts, patterns) = self.content();
        PatternSet::new(texts, patterns, screen, shortened)
    }
}

/// Of a text, which is whoever's whose secrets they are: nobody makes them collide.
fn hash(text: &[u8]) -> u32 {
    let mut hash = text.len() as u64;
    let mut add = |word: u64| hash = (hash.rotate_left(23) ^ word).wrapping_mul(SPREAD);
    let mut words = text.chunks_exact(8);
    words.by_ref().for_each(|eight| add(word8(eight)));
    add(word(words.remainder()));
    (hash ^ hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::pattern::Rule;

    #[test]
    fn a_text_is_there_once_with_both_rules() {
        let word = Rule { word: true, ..Rule::default() };
        let mut table = Table::new(true);
        for number in 0..1000u32 {
            let text = format!("a text with a number {}", number);
            assert!(table.add(text.as_bytes(), word).unwrap());
            assert!(!table.add(text.as_bytes(), Rule::default()).unwrap());
        }
        let mut other = table.clone();
        assert!(other.add(b"one more", word).unwrap());
        assert!(other.add(b"", word).is_err());
        assert_eq!((table.len(), other.len()), (1000, 1001));
        let (texts, patterns) = other.content();
        assert!(patterns[..1000].iter().all(|pattern| !pattern.rule.word && pattern.loose));
        assert_eq!(patterns[7].key.of(&texts.0), b"atextwithanumber7");
        assert!(patterns[1000].rule.word && !patterns[1000].loose);
    }
}
