//! Free ports on 127.0.0.1, each given out once by this process.
//!
//! A port that is meant for another process is free again for a moment before that process binds it. Envoy shares the ports
//! that it listens on (`SO_REUSEPORT`), so two Envoys that were given the same one would both have it, without an error, and
//! answer each other's clients.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Ports that Linux does not give to outgoing connections, which would take one between its choice and its use.
const QUIET: std::ops::Range<u16> = 10_240..32_768;

/// A socket on a port that this process has not been given before.
pub(crate) fn bind() -> io::Result<TcpListener> {
    for _ in 0..100 {
        let mut random = [0; 2];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let port = QUIET.start + u16::from_le_bytes(random) % (QUIET.end - QUIET.start);
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port)
            && let Ok(socket) = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        {
            return Ok(socket);
        }
    }
    bind_any()
}

/// A socket on a port that the OS picks, where most of the quiet ones are taken.
fn bind_any() -> io::Result<TcpListener> {
    // What is refused is held meanwhile, so that the OS picks another.
    let mut refused = Vec::new();
    loop {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = socket.local_addr()?.port();
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return Ok(socket);
        }
        refused.push(socket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_not_given_again_although_it_is_free() {
        let ports: BTreeSet<u16> =
            (0..500).map(|_| bind().and_then(|socket| socket.local_addr()).expect("a port").port()).collect();
        assert_eq!(ports.len(), 500);
    }
}
