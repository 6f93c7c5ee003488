//! How many first bytes of a value are no secret, since they stand in other texts too.

use crate::find::{find, find_byte, rfind_byte};
use crate::pattern::{is_space, SHORTENED};

// Beginnings that many values share, and how long they are: DER and OpenSSH headers in base64, the
// header of a JSON Web Token, a PEM in base64.
const SHARED: [(&[u8], usize); 9] = [
    (b"MII", 8),
    (b"b3BlbnNzaC1rZXktdjE", 70),
    (b"eyJhbGciOi", 10),
    (b"eyJ0eXAiOi", 10),
    (b"LS0tLS1CRUdJTi", 40),
    // what issuers put before every key, where it is long enough to be taken for a part of one
    (b"AGE-SECRET-KEY-1", 16),
    (b"github_pat_", 11),
    (b"pypi-AgEIcHlwaS5vcmc", 20),
    (b"sk-ant-api03-", 13),
];
const PKCS8: &[u8] = b"ADANBgkqhkiG9w0BAQEFAASC"; // version, algorithm and the next header of every RSA key
const LONGEST_NAME: usize = 48;

/// How many of the first bytes are no secret: the armour of a PEM, the header of a token or a key, a
/// scheme with its host or its user's name, the name before `=` or `:`.
pub fn public_head(text: &[u8]) -> usize {
    if text.starts_with(b"-----BEGIN") {
        return match find(&text[10..], b"-----") {
            Some(at) => {
                let rest = &text[10 + at + 5..];
                text.len() - rest.len() + rest.iter().take_while(|&&byte| is_space(byte)).count()
            }
            None => 0,
        };
    }
    for (shared, length) in SHARED {
        if text.starts_with(shared) {
            let token = if shared.starts_with(b"eyJ") {
                find_byte(&text[..text.len().min(256)], b'.').map_or(0, |at| at + 1)
            } else {
                0
            };
            let more = if text.get(length..).map_or(false, |rest| rest.starts_with(PKCS8)) {
                PKCS8.len() + 18
            } else {
                0
            };
            return token.max(length + more).min(text.len());
        }
    }
    match address(text) {
        0 => name(text),
        length => length,
    }
}

/// The length of `scheme://user:` or `scheme://host/`.
fn address(text: &[u8]) -> usize {
    for mark in [&b"://"[..], b"%3A%2F%2F", b":\\/\\/"] {
        let begin = match text.get(1..text.len().min(32)).and_then(|start| find(start, mark)) {
            Some(begin) => begin,
            None => continue,
        };
        let scheme = &text[..begin + 1];
        if !is_alphanumeric(scheme, b"+-") {
            continue;
        }
        let begin = begin + 1 + mark.len();
        let end = text[begin..]
            .iter()
            .position(|byte| b"/?# \n".contains(byte))
            .map_or(text.len(), |at| begin + at);
        let user = match rfind_byte(&text[begin..end], b'@') {
            Some(user) => user,
            None => return (end + 1).min(text.len()),
        };
        return find_byte(&text[begin..begin + user], b':').map_or(begin, |at| begin + at + 1);
    }
    0
}

/// The length of `NAME=`, `"name": "`, `name = ` when enough is left for a value.
fn name(text: &[u8]) -> usize {
    let start = &text[..text.len().min(LONGEST_NAME)];
    let found = [b'=', b':'].iter().filter_map(|&byte| find_byte(start, byte)).filter(|&at| at > 0).min();
    let end = match found {
        Some(end) => end,
        None => return 0,
    };
    let name = strip(&start[..end], b" \t\r\n\"'{-");
    let first = name.iter().find(|byte| !b"_-.".contains(byte));
    if !is_alphanumeric(name, b"_-.") || first.map_or(true, u8::is_ascii_digit) {
        return 0;
    }
    let rest = &text[end + 1..];
    let rest = &rest[rest.iter().take_while(|byte| b" \t\"'".contains(byte)).count()..];
    if rest.len() >= SHORTENED {
        text.len() - rest.len()
    } else {
        0
    }
}

/// Whether there are letters or digits, and nothing else but `besides`.
fn is_alphanumeric(text: &[u8], besides: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_alphanumeric)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || besides.contains(byte))
}

/// `text` without those bytes at its ends.
fn strip<'a>(text: &'a [u8], bytes: &[u8]) -> &'a [u8] {
    let begin = text.iter().take_while(|byte| bytes.contains(byte)).count();
    let text = &text[begin..];
    let end = text.iter().rev().take_while(|byte| bytes.contains(byte)).count();
    &text[..text.len() - end]
}

#[cfg(test)]
mod tests {
    use super::public_head;

    #[test]
    fn what_other_texts_begin_with_is_public() {
        assert_eq!(public_head(b"-----BEGIN PRIVATE KEY-----\nMIIE"), 28);
        assert_eq!(public_head(b"postgres://app:hunter2@db/x"), 15);
        assert_eq!(public_head(b"https://hooks.example/T0/B0"), 22);
        assert_eq!(public_head(b"PASSWORD=correct-horse-battery"), 9);
        assert_eq!(public_head(b"PASSWORD=short"), 0);
        assert_eq!(public_head(b"eyJhbGciOiJIUzI1NiJ9.abc.def"), 21);
        assert_eq!(public_head(b"ghp_abcdef"), 0);
    }
}
