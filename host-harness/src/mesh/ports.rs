//! Ports on 127.0.0.1 that are free, distinct, and stay so until they are used.
//!
//! Every address is given out as a socket that is bound already: an embedded listener takes the socket itself, and for
//! another process it is dropped right before that process starts.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::free_port;

/// The sockets that are held.
#[derive(Debug, Default)]
pub struct Ports {
    held: BTreeMap<SocketAddr, TcpListener>,
    wish: Option<u16>,
}

impl Ports {
    /// No sockets yet. The wish is a port for the first gateway listener.
    pub fn new(wish: Option<u16>) -> Self {
        Self { held: BTreeMap::new(), wish }
    }

    /// A free port that the OS picks.
    pub fn any(&mut self) -> io::Result<SocketAddr> {
        self.hold(free_port::bind()?)
    }

    /// A port for a gateway: the wished one for the first that asks, else any.
    pub fn for_gateway(&mut self) -> io::Result<SocketAddr> {
        let Some(port) = self.wish.take() else { return self.any() };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        self.hold(socket.map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))?)
    }

    /// Hands over the socket of an address. Dropping it makes the port free for another process.
    pub fn take(&mut self, address: SocketAddr) -> Option<TcpListener> {
        self.held.remove(&address)
    }

    fn hold(&mut self, socket: TcpListener) -> io::Result<SocketAddr> {
        let address = socket.local_addr()?;
        self.held.insert(address, socket);
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_distinct_and_held_until_they_are_taken() {
        let mut ports = Ports::new(None);
        let (first, second) = (ports.any().expect("a port"), ports.any().expect("a port"));
        assert_ne!(first, second);
        assert!(TcpListener::bind(first).is_err());
        drop(ports.take(first));
        assert!(TcpListener::bind(first).is_ok());
        assert!(ports.take(first).is_none());
    }

    #[test]
    fn the_first_gateway_gets_the_port_it_wishes_for() {
        let free = Ports::new(None).any().expect("a port");
        let mut ports = Ports::new(Some(free.port()));
        assert_eq!(ports.for_gateway().expect("the port"), free);
        assert_ne!(ports.for_gateway().expect("another port"), free);
    }
}
