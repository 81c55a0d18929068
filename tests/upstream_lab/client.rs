//! A client of the server that forwards: asks over UDP and TCP and shows what it got.

use domain::base::Message;
use domain::base::opt::UnknownOptData;
use domain::rdata::AllRecordData;
use horizon_dns::dns::{parse_name, parse_rtype, present_data, present_name, present_rtype};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// A query, with EDNS of 1232 octets and RD unless said otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// `NAME TYPE`.
    pub(crate) question: String,
    pub(crate) id: u16,
    pub(crate) recursion_desired: bool,
    pub(crate) authentic: bool,
    pub(crate) checking_disabled: bool,
    pub(crate) dnssec_ok: bool,
    /// Octets that a reply over UDP may have; none without EDNS.
    pub(crate) edns: Option<u16>,
    /// Options in wire format.
    pub(crate) options: Vec<u8>,
}

impl Query {
    pub(crate) fn new(question: &str) -> Self {
        Query {
            question: question.to_owned(),
            id: 0x1234,
            recursion_desired: true,
            authentic: false,
            checking_disabled: false,
            dnssec_ok: false,
            edns: Some(1232),
            options: Vec::new(),
        }
    }

    /// The whole message.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let (name, rtype) = self.question.split_once(' ').unwrap();
        let mut octets = self.id.to_be_bytes().to_vec();
        octets.push(u8::from(self.recursion_desired));
        octets.push(u8::from(self.authentic) << 5 | u8::from(self.checking_disabled) << 4);
        octets.extend([0, 1, 0, 0, 0, 0, 0, u8::from(self.edns.is_some())]);
        octets.extend_from_slice(parse_name(name).unwrap().as_slice());
        octets.extend(parse_rtype(rtype.as_bytes()).unwrap().to_int().to_be_bytes());
        octets.extend([0, 1]);
        if let Some(size) = self.edns {
            octets.extend([0, 0, 41]);
            octets.extend(size.to_be_bytes());
            octets.extend([0, 0, u8::from(self.dnssec_ok) << 7, 0]);
            octets.extend((self.options.len() as u16).to_be_bytes());
            octets.extend_from_slice(&self.options);
        }
        octets
    }
}

/// Asks one server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) server: SocketAddr,
    /// Where it asks from.
    pub(crate) from: Ipv4Addr,
}

/// Longer than any server may wait for its upstreams.
const PATIENCE: Duration = Duration::from_secs(20);

impl Client {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Client { server, from: Ipv4Addr::LOCALHOST }
    }

    /// A socket that is connected to the server.
    pub(crate) fn socket(&self) -> UdpSocket {
        let socket = UdpSocket::bind((self.from, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.connect(self.server).unwrap();
        socket
    }

    /// The reply over UDP.
    pub(crate) fn udp(&self, query: &Query) -> Vec<u8> {
        let socket = self.socket();
        socket.send(&query.octets()).unwrap();
        let mut buffer = vec![0; 65_535];
        let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{}: no reply: {error}", query.question));
        buffer.truncate(length);
        buffer
    }

    /// The reply over TCP.
    pub(crate) fn tcp(&self, query: &Query) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let octets = query.octets();
        stream.write_all(&[&(octets.len() as u16).to_be_bytes()[..], &octets].concat()).unwrap();
        let mut size = [0; 2];
        stream.read_exact(&mut size).unwrap_or_else(|error| panic!("{}: no reply: {error}", query.question));
        let mut reply = vec![0; usize::from(u16::from_be_bytes(size))];
        stream.read_exact(&mut reply).unwrap();
        reply
    }

    /// Asks `NAME TYPE` over UDP and shows the reply.
    pub(crate) fn ask(&self, question: &str) -> String {
        show(&self.udp(&Query::new(question)))
    }
}

/// A reply in the words of [`super::say`], with all names in full; `RCODE [aa] [tc] [ad]; answer | authority + additional !
/// CODE extended error`. TTLs are as they are.
pub(crate) fn show(reply: &[u8]) -> String {
    let message = Message::from_octets(reply).unwrap();
    let header = message.header();
    let mut line = message.opt_rcode().to_string();
    for (flag, set) in [("aa", header.aa()), ("tc", header.tc()), ("ad", header.ad())] {
        if set {
            line = line + " " + flag;
        }
    }
    let (_, answer, authority, additional) = message.sections().unwrap();
    for (first, section) in [(";", answer), (" |", authority), (" +", additional)] {
        let mut mark = first;
        for record in section {
            let record = record.unwrap();
            if record.rtype() == domain::base::Rtype::OPT {
                continue;
            }
            let data = record.to_any_record::<AllRecordData<_, _>>().unwrap();
            let mut wire = Vec::new();
            domain::base::rdata::ComposeRecordData::compose_rdata(data.data(), &mut wire).unwrap();
            let owner = domain::base::name::ToName::to_name::<bytes::Bytes>(&record.owner());
            line += &format!(
                "{mark} {} {} {} {}",
                present_name(owner.as_slice()),
                record.ttl().as_secs(),
                present_rtype(record.rtype()),
                present_data(record.rtype(), &wire)
            );
            mark = ";";
        }
    }
    let errors = message.opt().into_iter().flat_map(|opt| {
        let options = opt.opt().iter::<UnknownOptData<_>>().flatten();
        options.filter(|option| option.code().to_int() == 15).map(|option| option.data().to_vec()).collect::<Vec<_>>()
    });
    for error in errors {
        let code = u16::from_be_bytes([error[0], error[1]]);
        line += format!(" ! {code} {}", String::from_utf8_lossy(&error[2..])).trim_end();
    }
    line
}
