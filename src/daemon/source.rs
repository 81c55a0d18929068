//! What a load starts from: the config file, and what the command line puts in the place of some of it.

use crate::config::{self, Prefix, Settings};
use crate::finding::Finding;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where settings come from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// `horizon.toml`.
    pub config: PathBuf,
    /// In the place of `listen` of `[server]`.
    pub listen: Option<Vec<SocketAddr>>,
    /// In the place of `control` of `[server]`.
    pub control: Option<PathBuf>,
    /// Further clients of a horizon, by its name; a prefix that another horizon has is taken from there.
    pub clients: Vec<(Prefix, String)>,
}

impl Source {
    /// The config file as it is.
    pub fn of(config: impl Into<PathBuf>) -> Self {
        Source { config: config.into(), ..Source::default() }
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// Every error of the config file.
    pub fn settings(&self) -> Result<Settings, Vec<Finding>> {
        let mut settings =
            config::load(&self.config).map_err(|errors| errors.into_iter().map(Finding::from).collect::<Vec<_>>())?;
        if let Some(listen) = &self.listen {
            settings.server.listen.clone_from(listen);
        }
        if let Some(control) = &self.control {
            settings.server.control.clone_from(control);
        }
        for (prefix, name) in &self.clients {
            for horizon in &mut settings.horizons {
                horizon.clients.retain(|known| known != prefix);
                if horizon.name == *name {
                    horizon.clients.push(*prefix);
                }
            }
        }
        Ok(settings)
    }
}
