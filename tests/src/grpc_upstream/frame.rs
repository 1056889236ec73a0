//! gRPC's length-prefixed messages: one byte of flags, four of length, the message.

/// A message with its prefix.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message of less than 4 GiB");
    [&[0][..], &length.to_be_bytes(), message].concat()
}

/// The messages of a body, or what is wrong with it.
pub(super) fn messages(mut body: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut messages = Vec::new();
    while !body.is_empty() {
        let Some((&[flags, a, b, c, d], rest)) = body.split_first_chunk() else {
            return Err("a prefix that is cut off".to_owned());
        };
        if flags != 0 {
            return Err(format!("flags {flags}"));
        }
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some((message, rest)) = rest.split_at_checked(length) else {
            return Err(format!("{} of {length} bytes", rest.len()));
        };
        messages.push(message.to_vec());
        body = rest;
    }
    Ok(messages)
}
