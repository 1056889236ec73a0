//! A form of a scenario: the manifests that are run, built into the program.

use std::net::SocketAddr;

use anyhow::Context;

use crate::cli::images::Images;
use crate::mesh::{self, Mesh, Modules, Ports};

/// The file of a form that declares its filters.
const FILTERS: &str = "filters.yaml";

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
        self.load_with(None, &Images::with_cache(None))
    }

    /// Its mesh with other filters, which a manifest declares, and modules from elsewhere.
    pub fn load_with(&self, filters: Option<&str>, modules: &dyn Modules) -> anyhow::Result<(Mesh, Ports)> {
        let folder = tempfile::tempdir()?;
        for (name, text) in self.files {
            let text = filters.filter(|_| *name == FILTERS).unwrap_or(text);
            std::fs::write(folder.path().join(name), text)?;
        }
        let mut ports = Ports::new(None);
        let mesh = mesh::load(&[folder.path().to_owned()], &mut ports, modules)?;
        Ok((mesh, ports))
    }
}

/// Where a mesh is entered.
pub fn entrance(mesh: &Mesh) -> anyhow::Result<SocketAddr> {
    Ok(mesh.gateways.first().context("expected a gateway, but found none")?.address)
}
