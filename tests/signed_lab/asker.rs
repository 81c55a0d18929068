//! Asks Knot, as the forwarder would ask a resolver; some answers are spoiled on the way.

use hickory_proto::op::Message;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::Name;
use hickory_proto::rr::RData;
use hickory_proto::rr::RecordType;
use hickory_proto::serialize::binary::BinDecodable;
use hickory_proto::serialize::binary::BinEncodable;
use horizon_dns::forward::Asker;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What happens to answers on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whim {
    /// Nothing.
    None,
    /// Questions of this type get no answer.
    Silent(RecordType),
    /// Questions of this type never end.
    Hangs(RecordType),
    /// Keys and their signatures are multiplied.
    Multiplies(usize),
    /// Signatures are taken off what was asked for.
    Strips,
    /// NSEC and NSEC3 records are taken out of what was asked for.
    Undenied,
    /// What was asked for does not exist, without a proof.
    Denies,
}

/// Asks Knot over TCP.
#[derive(Debug, Clone)]
pub(crate) struct Knot {
    pub(crate) address: SocketAddr,
    pub(crate) whim: Whim,
}

impl Knot {
    /// Asks, and follows aliases as a resolver does.
    pub(crate) async fn resolve(&self, name: &[u8], rtype: u16) -> Vec<u8> {
        let rtype = RecordType::from(rtype);
        let mut owner = Name::from_bytes(name).unwrap();
        let mut whole = self.exchange(name, rtype).await;
        for _ in 0..8 {
            let target = whole.answers.iter().find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == owner && rtype != RecordType::CNAME => Some(target.0.clone()),
                _ => None,
            });
            let Some(target) = target else { break };
            owner = target;
            // Knot follows within the zone, and has then said all there is.
            if !whole.authorities.is_empty() || whole.answers.iter().any(|record| record.name == owner) {
                continue;
            }
            let next = self.exchange(&owner.to_bytes().unwrap(), rtype).await;
            whole.answers.extend(next.answers);
            whole.authorities.extend(next.authorities);
            whole.metadata.response_code = next.metadata.response_code;
        }
        let is_signature = |rtype: RecordType| rtype == RecordType::RRSIG;
        match self.whim {
            Whim::Strips => {
                whole.answers.retain(|record| !is_signature(record.record_type()));
                whole.authorities.retain(|record| !is_signature(record.record_type()));
            }
            Whim::Undenied => {
                let denies = |rtype| matches!(rtype, RecordType::NSEC | RecordType::NSEC3);
                whole.authorities.retain(|record| !denies(record.record_type()));
            }
            Whim::Denies => {
                whole.answers.clear();
                whole.authorities.clear();
                whole.metadata.response_code = ResponseCode::NXDomain;
            }
            _ => {}
        }
        whole.to_vec().unwrap()
    }

    async fn exchange(&self, name: &[u8], rtype: RecordType) -> Message {
        let mut query = b"\0\x07\x01\0\0\x01\0\0\0\0\0\x01".to_vec();
        query.extend(name);
        query.extend(u16::from(rtype).to_be_bytes());
        query.extend(b"\0\x01\0\0\x29\x04\xd0\0\0\x80\0\0\0");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&[&(query.len() as u16).to_be_bytes()[..], &query].concat()).await.unwrap();
        let length = stream.read_u16().await.unwrap();
        let mut reply = vec![0; usize::from(length)];
        stream.read_exact(&mut reply).await.unwrap();
        Message::from_vec(&reply).unwrap()
    }
}

impl Asker for Knot {
    fn ask(&self, name: &[u8], rtype: u16) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>> {
        let (knot, name, rtype) = (self.clone(), name.to_vec(), RecordType::from(rtype));
        Box::pin(async move {
            match knot.whim {
                Whim::Silent(silent) if silent == rtype => return None,
                Whim::Hangs(hangs) if hangs == rtype => std::future::pending().await,
                _ => {}
            }
            let mut reply = knot.exchange(&name, rtype).await;
            if let Whim::Multiplies(times) = knot.whim
                && rtype == RecordType::DNSKEY
            {
                let once = reply.answers.clone();
                (1..times).for_each(|_| reply.answers.extend(once.clone()));
            }
            Some(reply.to_vec().unwrap())
        })
    }
}
