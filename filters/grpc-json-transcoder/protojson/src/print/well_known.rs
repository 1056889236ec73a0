//! Messages whose JSON form is their own. Source: ProtoJSON and the comments of `google/protobuf/*.proto`.

use super::error::{PrintError, PrintProblem, Printed};
use super::fields::Place;
use super::value::default_of;
use super::{Printer, text};
use crate::quote;
use crate::schema::{Kind, MessageEntry, WellKnown};
use crate::wire::{Reader, Record, Value, WireError, WireType};

/// 0001-01-01T00:00:00Z
pub(crate) const MIN_SECONDS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z
pub(crate) const MAX_SECONDS: i64 = 253_402_300_799;
/// About ten thousand years.
pub(crate) const MAX_DURATION_SECONDS: i64 = 315_576_000_000;

const NANOS: i32 = 1_000_000_000;

impl Printer<'_> {
    pub(super) fn well_known(&mut self, entry: &MessageEntry, wire: &[u8]) -> Printed {
        match entry.well_known {
            WellKnown::No | WellKnown::HttpBody => Ok(()),
            WellKnown::Wrapper => self.wrapper(entry, wire),
            WellKnown::Timestamp => self.timestamp(wire),
            WellKnown::Duration => self.duration(wire),
            WellKnown::FieldMask => self.field_mask(wire),
            WellKnown::Any => self.any(wire),
            WellKnown::Struct | WellKnown::ListValue => self.only_field(entry, wire),
            WellKnown::Value => self.json_value(entry, wire),
        }
    }

    fn wrapper(&mut self, entry: &MessageEntry, wire: &[u8]) -> Printed {
        let Some(field) = self.schema.fields_of(entry).first() else { return Ok(()) };
        let mut value = default_of(self.schema, field.kind);
        let mut reader = Reader::new(wire);
        while let Some(Record { number, wire_type, value: read, .. }) = reader.record()? {
            if number == field.number && wire_type == field.kind.wire_type() {
                value = read;
            }
        }
        self.value(field.kind, value)
    }

    /// `Struct` is its map, `ListValue` its list: their only field without its name.
    fn only_field(&mut self, entry: &MessageEntry, wire: &[u8]) -> Printed {
        let Some(field) = self.schema.fields_of(entry).first() else { return Ok(()) };
        let mut reader = Reader::new(wire);
        while let Some((number, wire_type)) = reader.tag()? {
            if number != field.number || wire_type != WireType::Len {
                reader.skip(number, wire_type)?;
                continue;
            }
            return if self.ordered {
                let records = records_of(field.number, wire)?;
                self.bare_field(field, &records)
            } else if entry.well_known == WellKnown::Struct {
                self.map(field, &mut reader, Place::Bare)?;
                self.nothing_of(field.number, reader)
            } else {
                self.list(field, wire_type, &mut reader, Place::Bare)?;
                self.nothing_of(field.number, reader)
            };
        }
        self.default(field)
    }

    /// After a run has been written, the rest must not go on with it.
    fn nothing_of(&self, expected: u32, mut reader: Reader<'_>) -> Printed {
        while let Some(record) = reader.record()? {
            if record.number == expected && record.wire_type == WireType::Len {
                return Err(PrintProblem::OutOfOrder.into());
            }
        }
        Ok(())
    }

    fn json_value(&mut self, entry: &MessageEntry, wire: &[u8]) -> Printed {
        let fields = self.schema.fields_of(entry);
        let mut set = None;
        let mut merged: Option<Vec<u8>> = None;
        let mut reader = Reader::new(wire);
        while let Some(Record { number, wire_type, value: raw, .. }) = reader.record()? {
            let Some(field) = self.field_at(entry, fields, usize::MAX, number, wire_type) else { continue };
            if let Some((before, before_raw)) = set {
                let before: &crate::schema::FieldEntry = before;
                let before_raw: Value<'_> = before_raw;
                if before.number == number && field.kind.message().is_some() {
                    merged.get_or_insert_with(|| before_raw.bytes().to_vec()).extend_from_slice(raw.bytes());
                } else {
                    merged = None;
                }
            }
            set = Some((field, raw));
        }
        match (set, &merged) {
            (None, _) => {
                self.push(b"null");
                Ok(())
            }
            (Some((field, raw)), None) if field.kind == Kind::Double => {
                let number = f64::from_bits(raw.bits());
                if !number.is_finite() {
                    return Err(PrintProblem::NotFinite.into());
                }
                text::double(number, self.out);
                Ok(())
            }
            (Some((field, raw)), None) => self.value(field.kind, raw),
            (Some((field, _)), Some(merged)) => self.value(field.kind, Value::Len(merged)),
        }
    }

    fn timestamp(&mut self, wire: &[u8]) -> Printed {
        let (seconds, nanos) = seconds_and_nanos(wire)?;
        if !(MIN_SECONDS..=MAX_SECONDS).contains(&seconds) || !(0..NANOS).contains(&nanos) {
            return Err(PrintProblem::OutOfRange("a timestamp from year 1 to 9999 with 0 to 999999999 ns").into());
        }
        let (year, month, day) = date_of(seconds.div_euclid(86_400));
        let second = seconds.rem_euclid(86_400) as u32;
        let [[c1, c2], [y1, y2], [m1, m2], [d1, d2], [h1, h2], [n1, n2], [s1, s2]] =
            [year / 100, year % 100, month, day, second / 3600, second / 60 % 60, second % 60].map(two_digits);
        self.push(&[b'"', c1, c2, y1, y2, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2]);
        if nanos != 0 {
            self.fraction(nanos.unsigned_abs());
        }
        self.push(b"Z\"");
        Ok(())
    }

    fn duration(&mut self, wire: &[u8]) -> Printed {
        let (seconds, nanos) = seconds_and_nanos(wire)?;
        let same_sign = seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
        if seconds.unsigned_abs() > MAX_DURATION_SECONDS as u64 || nanos.unsigned_abs() >= NANOS as u32 || !same_sign {
            return Err(PrintProblem::OutOfRange(
                "a duration of at most 315576000000 s with less than a second of ns of the same sign",
            )
            .into());
        }
        self.out.push(b'"');
        if seconds < 0 || nanos < 0 {
            self.out.push(b'-');
        }
        text::unsigned(seconds.unsigned_abs(), self.out);
        if nanos != 0 {
            self.fraction(nanos.unsigned_abs());
        }
        self.push(b"s\"");
        Ok(())
    }

    /// Nanoseconds as 3, 6 or 9 decimals.
    fn fraction(&mut self, nanos: u32) {
        let groups = [nanos / 1_000_000, nanos / 1_000 % 1_000, nanos % 1_000];
        let written = match groups {
            [_, 0, 0] => 1,
            [_, _, 0] => 2,
            _ => 3,
        };
        self.out.push(b'.');
        for group in groups.into_iter().take(written) {
            let [tens, ones] = two_digits(group % 100);
            self.push(&[b'0' + (group / 100) as u8, tens, ones]);
        }
    }

    fn field_mask(&mut self, wire: &[u8]) -> Printed {
        let mut paths = String::new();
        let mut reader = Reader::new(wire);
        while let Some(record) = reader.record()? {
            let (1, Value::Len(path)) = (record.number, record.value) else { continue };
            let path = std::str::from_utf8(path).map_err(|error| quote::NotUtf8(error.valid_up_to()))?;
            if !paths.is_empty() {
                paths.push(',');
            }
            camel_path(path, &mut paths).ok_or_else(|| PrintProblem::FieldMaskPath(path.to_owned()))?;
        }
        Ok(quote::string(paths.as_bytes(), self.out)?)
    }

    fn any(&mut self, wire: &[u8]) -> Printed {
        let (mut url, mut value): (&[u8], &[u8]) = (b"", b"");
        let mut reader = Reader::new(wire);
        while let Some(record) = reader.record()? {
            match (record.number, record.value) {
                (1, Value::Len(bytes)) => url = bytes,
                (2, Value::Len(bytes)) => value = bytes,
                _ => {}
            }
        }
        if url.is_empty() && value.is_empty() {
            self.push(b"{}");
            return Ok(());
        }
        let schema = self.schema;
        let unknown =
            || Box::<PrintError>::from(PrintProblem::UnknownAnyType(String::from_utf8_lossy(url).into_owned()));
        let name = std::str::from_utf8(url).ok().and_then(|url| url.rsplit_once('/')).map(|(_, name)| name);
        let message = name.and_then(|name| schema.message(name)).ok_or_else(unknown)?;
        let entry = schema.message_entry(message).ok_or_else(unknown)?;
        self.open(b'{')?;
        let mut first = true;
        self.separate(&mut first);
        self.any_key(b"\"@type\":");
        quote::string(url, self.out)?;
        if matches!(entry.well_known, WellKnown::No | WellKnown::HttpBody) {
            self.members(entry, value, &mut first)?;
        } else {
            self.separate(&mut first);
            self.any_key(b"\"value\":");
            self.well_known(entry, value).map_err(|error| error.within("value"))?;
        }
        self.close(b'}', false);
        Ok(())
    }

    fn any_key(&mut self, key: &[u8]) {
        self.push(key);
        if self.options.add_whitespace {
            self.out.push(b' ');
        }
    }
}

/// Fields 1 and 2 of `Timestamp` and `Duration`.
fn seconds_and_nanos(wire: &[u8]) -> Result<(i64, i32), WireError> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut reader = Reader::new(wire);
    while let Some(record) = reader.record()? {
        match (record.number, record.value) {
            (1, Value::Varint(value)) => seconds = value as i64,
            (2, Value::Varint(value)) => nanos = value as i32,
            _ => {}
        }
    }
    Ok((seconds, nanos))
}

/// The records of one field.
fn records_of(field: u32, wire: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut records = Vec::with_capacity(wire.len());
    let mut reader = Reader::new(wire);
    while let Some(record) = reader.record()? {
        if record.number == field && record.wire_type == WireType::Len {
            records.extend_from_slice(record.bytes);
        }
    }
    Ok(records)
}

/// A number below 100.
fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar, from year 1 on.
///
/// Years are counted from March, so that the leap day is the last of its year, in eras of 400 years.
fn date_of(days: i64) -> (u32, u32, u32) {
    let days = (days + 719_468) as u32;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

/// Appends a path of a field mask in lowerCamelCase; nothing if it would not read back.
fn camel_path(path: &str, out: &mut String) -> Option<()> {
    let mut after_underscore = false;
    for letter in path.chars() {
        match letter {
            'A'..='Z' => return None,
            '_' if after_underscore => return None,
            '_' => after_underscore = true,
            'a'..='z' if after_underscore => {
                out.push(letter.to_ascii_uppercase());
                after_underscore = false;
            }
            _ if after_underscore => return None,
            _ => out.push(letter),
        }
    }
    (!after_underscore).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn days_are_dates_of_the_gregorian_calendar() {
        let cases = [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (MIN_SECONDS / 86_400, (1, 1, 1)),
            (MAX_SECONDS / 86_400, (9999, 12, 31)),
        ];
        for (days, expected) in cases {
            assert_eq!(date_of(days), expected);
        }
    }

    #[test]
    fn a_mask_path_that_would_not_read_back_is_refused() {
        let camel = |path: &str| {
            let mut out = String::new();
            camel_path(path, &mut out).map(|()| out)
        };
        assert_eq!(camel("foo_bar.baz").as_deref(), Some("fooBar.baz"));
        assert_eq!(camel("").as_deref(), Some(""));
        for refused in ["fooBar", "foo_3_bar", "foo__bar", "foo_"] {
            assert_eq!(camel(refused), None, "{refused}");
        }
    }
}
