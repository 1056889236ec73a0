//! A form of a scenario: the manifests that are run, built into the program.

use std::net::SocketAddr;

use anyhow::Context;

use crate::cli::mesh;
use crate::mesh::{Mesh, Ports};

/// One form of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// For machines.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Names and texts.
    pub(super) files: &'static [(&'static str, &'static str)],
}

/// Manifests of a folder in `tests/meshes`.
macro_rules! manifests {
    ($folder:literal: $($file:literal),+) => {
        &[$(($file, include_str!(concat!("../../../../tests/meshes/", $folder, "/", $file)))),+]
    };
}
pub(super) use manifests;

impl Form {
    /// Its mesh, ready to start.
    pub fn load(&self) -> anyhow::Result<(Mesh, Ports)> {
        let folder = tempfile::tempdir()?;
        for (name, text) in self.files {
            std::fs::write(folder.path().join(name), text)?;
        }
        Ok(mesh::load(&[folder.path().to_owned()], None)?)
    }
}

/// Where a mesh is entered.
pub fn entrance(mesh: &Mesh) -> anyhow::Result<SocketAddr> {
    Ok(mesh.gateways.first().context("expected a gateway, but found none")?.address)
}
