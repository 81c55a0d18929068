//! For tests of this folder: a snapshot of two horizons, and responders that say what a script tells them to.

use crate::config;
use crate::dns::parse_name;
use crate::snapshot::{Snapshot, ZoneSource, build};
use crate::zone::parse_zone;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Horizons `internal` (10.0.0.0/24) and `external`; zone example.org in the first one only.
pub(in crate::plugin::acme) fn snapshot(acme: &str) -> Snapshot {
    let text = format!(
        "[[horizon]]\nname = \"internal\"\nclients = [\"10.0.0.0/24\"]\n\
         [[horizon]]\nname = \"external\"\nclients = [\"any\"]\n{acme}"
    );
    let settings = config::parse(&text, Path::new("h.toml")).unwrap_or_else(|errors| panic!("{}", errors[0]));
    let zone = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 10.0.0.53\napp A 10.0.0.12\n\
                two A 10.0.0.12\ntwo AAAA fd00::12\nwww CNAME app\nca A 10.0.0.10\ntext TXT x\n*.apps A 10.0.0.12\n\
                out CNAME www.example.com.\n\
                _acme-challenge.moved CNAME x.acme\nmoved A 10.0.0.12\n";
    let origin = parse_name("example.org").unwrap();
    let zone = parse_zone(zone.as_bytes(), Path::new("example.org.zone"), &origin).unwrap();
    let source = ZoneSource { horizon: "internal".into(), file: None, records: Arc::new(zone.records) };
    build(&settings, &[source], None).unwrap_or_else(|findings| panic!("{}", findings[0]))
}

/// A responder: its address, what it was sent, and the task that ends with it.
pub(in crate::plugin::acme) struct Responder {
    pub(in crate::plugin::acme) address: SocketAddr,
    heard: mpsc::UnboundedReceiver<Vec<u8>>,
    task: JoinHandle<()>,
}

/// What a responder does with a connection after it has read something.
#[derive(Debug, Clone)]
pub(in crate::plugin::acme) enum Says {
    /// These octets, then the end.
    This(Vec<u8>),
    /// These octets, then more of the last part without end.
    Endless(Vec<u8>, Vec<u8>),
    /// The first octets, then the others, one each tenth of a second, without end.
    Drip(Vec<u8>, Vec<u8>),
    /// Nothing, and the connection stays.
    Nothing,
    /// The end at once.
    Close,
}

impl Responder {
    pub(in crate::plugin::acme) async fn start(says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (tell, says) = (tell.clone(), says.clone());
                tokio::spawn(async move {
                    let mut buffer = vec![0; 4096];
                    let length = stream.read(&mut buffer).await.unwrap_or(0);
                    let _ = tell.send(buffer[..length].to_vec());
                    let _ = match says {
                        Says::This(octets) => stream.write_all(&octets).await,
                        Says::Endless(first, rest) => {
                            let mut outcome = stream.write_all(&first).await;
                            while outcome.is_ok() {
                                outcome = stream.write_all(&rest).await;
                            }
                            outcome
                        }
                        Says::Drip(first, octets) => {
                            let mut outcome = stream.write_all(&first).await;
                            for octet in octets.iter().cycle() {
                                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                                outcome = stream.write_all(&[*octet]).await;
                                if outcome.is_err() {
                                    break;
                                }
                            }
                            outcome
                        }
                        Says::Nothing => stream.read(&mut buffer).await.map(|_| ()),
                        Says::Close => Ok(()),
                    };
                });
            }
        });
        Responder { address, heard, task }
    }

    /// What the first connection sent first.
    pub(in crate::plugin::acme) async fn heard(&mut self) -> Vec<u8> {
        self.heard.recv().await.unwrap_or_default()
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.task.abort();
    }
}
