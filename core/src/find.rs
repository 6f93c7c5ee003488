//! Looking for short byte strings.

/// Where `byte` first stands in `text`.
#[inline]
pub fn find_byte(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().position(|&one| one == byte)
}

/// Where `byte` last stands in `text`.
#[inline]
pub fn rfind_byte(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().rposition(|&one| one == byte)
}

/// Where `part`, which is not empty, first stands in `text`.
pub fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let last = text.len().checked_sub(part.len())?;
    let mut at = 0;
    while at <= last {
        at += find_byte(&text[at..=last], part[0])?;
        if text[at..].starts_with(part) {
            return Some(at);
        }
        at += 1;
    }
    None
}
