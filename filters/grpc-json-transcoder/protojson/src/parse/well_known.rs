//! Messages whose JSON form is their own. Source: ProtoJSON and the comments of `google/protobuf/*.proto`.

use super::error::{ParseError, ParseProblem, Parsed, quoted};
use super::scalar::expected_of;
use super::{Bound, Parser};
use crate::print::{MAX_DURATION_SECONDS, MAX_SECONDS, MIN_SECONDS};
use crate::schema::{Kind, MessageEntry, WellKnown};
use crate::wire::{WireType, write_delimited, write_varint};

/// The tags of `google.protobuf.Value`, by their field's number.
const NULL_VALUE: u32 = WireType::Varint.tag(1);
const NUMBER_VALUE: u32 = WireType::I64.tag(2);
const STRING_VALUE: u32 = WireType::Len.tag(3);
const BOOL_VALUE: u32 = WireType::Varint.tag(4);
const STRUCT_VALUE: u32 = WireType::Len.tag(5);
const LIST_VALUE: u32 = WireType::Len.tag(6);
/// `Struct.fields`, and key and value of its entries.
const STRUCT_FIELDS: u32 = WireType::Len.tag(1);
const ENTRY_VALUE: u32 = WireType::Len.tag(2);
/// `ListValue.values`
const LIST_VALUES: u32 = WireType::Len.tag(1);

impl Parser<'_, '_> {
    /// Writes the content of a well-known message whose first token is next.
    pub(super) fn well_known(&mut self, entry: &MessageEntry) -> Parsed {
        match entry.well_known {
            WellKnown::No | WellKnown::HttpBody => Ok(()),
            WellKnown::Wrapper => match self.schema.fields_of(entry).first() {
                Some(field) => {
                    write_varint(&mut self.out, u64::from(field.tag));
                    self.scalar(field.kind)
                }
                None => Ok(()),
            },
            WellKnown::Any => self.any(entry),
            WellKnown::Value => self.json_value(),
            WellKnown::Struct => self.json_struct(),
            WellKnown::ListValue => self.json_list(),
            WellKnown::Timestamp => self.string_form("a timestamp such as `2026-01-02T03:04:05.678Z`", Self::timestamp),
            WellKnown::Duration => self.string_form("a duration such as `1.5s`", Self::duration),
            WellKnown::FieldMask => self.string_form("paths such as `userName,address.city`", Self::field_mask),
        }
    }

    fn string_form(&mut self, expected: &'static str, write: fn(&mut Self, &[u8]) -> Option<()>) -> Parsed {
        let found = self.scanner.peek();
        if !self.scanner.is_quote(found) {
            return Err(self.unexpected(expected));
        }
        let start = self.scanner.at;
        let text = self.scanner.string()?;
        write(self, &text).ok_or_else(|| self.refused(start, expected, &text))
    }

    /// `Struct`: each member is an entry of its map.
    fn json_struct(&mut self) -> Parsed {
        if self.scanner.peek() != Some(b'{') {
            return Err(self.unexpected("an object"));
        }
        self.scanner.at += 1;
        self.deeper()?;
        let mut keys = self.open_keys();
        let mut first = true;
        while self.scanner.more(b'}', &mut first)? {
            self.scanner.next_token();
            let key_start = self.scanner.at;
            let key = self.scanner.key()?;
            let entry = self.begin_record(STRUCT_FIELDS);
            write_delimited(&mut self.out, 1, &key);
            let key_length = self.out.len() - entry;
            let value = self.begin_record(ENTRY_VALUE);
            self.scanner.next_token();
            self.json_value().map_err(|error| error.within(&quoted(&key)))?;
            self.finish(value);
            self.finish_entry(entry, key_length, &mut keys, key_start)?;
        }
        self.depth -= 1;
        self.close_keys(keys)
    }

    fn json_list(&mut self) -> Parsed {
        if self.scanner.peek() != Some(b'[') {
            return Err(self.unexpected("a list"));
        }
        self.scanner.at += 1;
        self.deeper()?;
        let (mut first, mut index) = (true, 0);
        while self.scanner.more(b']', &mut first)? {
            let value = self.begin_record(LIST_VALUES);
            self.scanner.next_token();
            self.json_value().map_err(|error| error.within(&format!("[{index}]")))?;
            self.finish(value);
            index += 1;
        }
        self.depth -= 1;
        Ok(())
    }

    fn json_value(&mut self) -> Parsed {
        match self.scanner.peek() {
            Some(b'{') => {
                let start = self.begin_record(STRUCT_VALUE);
                self.json_struct()?;
                self.finish(start);
                Ok(())
            }
            Some(b'[') => {
                let start = self.begin_record(LIST_VALUE);
                self.json_list()?;
                self.finish(start);
                Ok(())
            }
            Some(b'n') => {
                self.scanner.literal(b"null", "a value")?;
                self.out.extend_from_slice(&[NULL_VALUE as u8, 0]);
                Ok(())
            }
            Some(b't' | b'f') => {
                write_varint(&mut self.out, u64::from(BOOL_VALUE));
                self.scalar(Kind::Bool)
            }
            Some(b'-' | b'0'..=b'9') => {
                write_varint(&mut self.out, u64::from(NUMBER_VALUE));
                self.scalar(Kind::Double)
            }
            found if self.scanner.is_quote(found) => {
                write_varint(&mut self.out, u64::from(STRING_VALUE));
                self.scalar(Kind::String)
            }
            _ => Err(self.scanner.syntax("a value")),
        }
    }

    /// `Any`: the type comes first on the wire, wherever it stands in the text.
    fn any(&mut self, entry: &MessageEntry) -> Parsed {
        let start = self.scanner.at;
        if self.scanner.peek() != Some(b'{') {
            let any = self.schema.message(self.schema.text(entry.name));
            return Err(
                self.unexpected(any.map_or_else(String::new, |any| expected_of(self.schema, Kind::Message(any))))
            );
        }
        let Some(url) = self.type_url()? else { return Ok(()) };
        let schema = self.schema;
        let text = std::str::from_utf8(&url).unwrap_or_default();
        let message = text.rsplit_once('/').and_then(|(_, name)| schema.message(name));
        let Some(inner) = message.and_then(|message| schema.message_entry(message)) else {
            return Err(ParseError::at(start, ParseProblem::AnyType(Some(quoted(&url)))));
        };
        write_delimited(&mut self.out, 1, &url);
        let value = self.begin_record(WireType::Len.tag(2));
        if matches!(inner.well_known, WellKnown::No | WellKnown::HttpBody) {
            self.object(inner, Bound::default(), true)?;
        } else {
            self.any_value(inner)?;
        }
        self.finish(value);
        Ok(())
    }

    /// Looks for `@type` among the members of an object and comes back to its bracket. An empty object, which is an empty `Any`,
    /// is passed over and has none.
    fn type_url(&mut self) -> Parsed<Option<Vec<u8>>> {
        let start = self.scanner.at;
        self.scanner.at += 1;
        let mut first = true;
        let mut empty = true;
        while self.scanner.more(b'}', &mut first)? {
            empty = false;
            let key = self.scanner.key()?;
            let found = self.scanner.next_token();
            if *key == *b"@type" && self.scanner.is_quote(found) {
                let url = self.scanner.string()?.into_owned();
                self.scanner.at = start;
                return Ok(Some(url));
            }
            self.scanner.skip(self.options.max_depth)?;
        }
        if empty { Ok(None) } else { Err(ParseError::at(start, ParseProblem::AnyType(None))) }
    }

    /// The member `value` of an `Any` that holds a well-known type.
    fn any_value(&mut self, inner: &MessageEntry) -> Parsed {
        let start = self.scanner.at;
        self.scanner.at += 1;
        self.deeper()?;
        let mut first = true;
        let mut found = false;
        while self.scanner.more(b'}', &mut first)? {
            self.scanner.next_token();
            let key_start = self.scanner.at;
            let key = self.scanner.key()?;
            self.scanner.next_token();
            match &*key {
                b"value" if found => {
                    return Err(ParseError::at(key_start, ParseProblem::SetTwice(quoted(&key))));
                }
                b"value" => {
                    found = true;
                    self.well_known(inner).map_err(|error| error.within("value"))?;
                }
                b"@type" => drop(self.scanner.skip(self.options.max_depth)?),
                _ if self.options.reject_unknown_fields => {
                    return Err(ParseError::at(key_start, ParseProblem::UnknownField(quoted(&key))));
                }
                _ => drop(self.scanner.skip(self.options.max_depth)?),
            }
        }
        self.depth -= 1;
        if found { Ok(()) } else { Err(self.refused(start, "a member `value`", b"none")) }
    }

    fn seconds_and_nanos(&mut self, seconds: i64, nanos: i32) {
        if seconds != 0 {
            self.out.push(WireType::Varint.tag(1) as u8);
            self.write_varint(seconds as u64);
        }
        if nanos != 0 {
            self.out.push(WireType::Varint.tag(2) as u8);
            self.write_varint(i64::from(nanos) as u64);
        }
    }

    /// RFC 3339, in upper case, with `Z` or an offset, from year 1 to 9999.
    pub(super) fn timestamp(&mut self, text: &[u8]) -> Option<()> {
        let (date, rest) = text.split_at_checked(19)?;
        let number = |start: usize, end: usize| digits(date.get(start..end)?);
        let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if punctuation.iter().any(|(at, byte)| date.get(*at) != Some(byte)) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_of_month = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if year < 1 || !(1..=days_of_month).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let (nanos, zone) = match rest.strip_prefix(b".") {
            None => (0, rest),
            Some(fraction) => fraction_of(fraction)?,
        };
        let offset = match zone {
            b"Z" => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = hours * 3600 + minutes * 60;
                if *sign == b'-' { -offset } else { offset }
            }
            _ => return None,
        };
        let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
        if !(MIN_SECONDS..=MAX_SECONDS).contains(&seconds) {
            return None;
        }
        self.seconds_and_nanos(seconds, nanos);
        Some(())
    }

    /// Seconds with up to nine decimals and an `s`.
    pub(super) fn duration(&mut self, text: &[u8]) -> Option<()> {
        let (negative, unsigned) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let length = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (whole, rest) = unsigned.split_at_checked(length)?;
        if whole.len() > 12 {
            return None;
        }
        let seconds = digits(whole)?;
        let (nanos, rest) = match rest.strip_prefix(b".") {
            None => (0, rest),
            Some(fraction) => fraction_of(fraction)?,
        };
        if rest != b"s" || seconds > MAX_DURATION_SECONDS {
            return None;
        }
        self.seconds_and_nanos(if negative { -seconds } else { seconds }, if negative { -nanos } else { nanos });
        Some(())
    }

    /// Paths in lowerCamelCase with commas between them.
    pub(super) fn field_mask(&mut self, text: &[u8]) -> Option<()> {
        if text.is_empty() {
            return Some(());
        }
        let mut path = Vec::new();
        for camel in text.split(|byte| *byte == b',') {
            path.clear();
            for &byte in camel {
                match byte {
                    b'_' if !self.options.lenient => return None,
                    b'A'..=b'Z' => path.extend_from_slice(&[b'_', byte.to_ascii_lowercase()]),
                    _ => path.push(byte),
                }
            }
            write_delimited(&mut self.out, 1, &path);
        }
        Some(())
    }
}

/// Up to eighteen decimal digits as a number.
fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// One to nine decimals as nanoseconds, and what comes after them.
fn fraction_of(text: &[u8]) -> Option<(i32, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, rest) = text.split_at_checked(length)?;
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = 10_i64.pow(9 - fraction.len() as u32);
    Some(((digits(fraction)? * scale) as i32, rest))
}

/// The inverse of the printer's calendar: years are counted from March, in eras of 400 years.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
