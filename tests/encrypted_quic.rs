//! DNS over QUIC as RFC 9250 wants it, and clients that do not play fair.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod encrypted_lab;
mod transport_lab;

use encrypted_lab::{Encrypted, NAME, is_here, padded};
use horizon_dns::counters::Event;
use horizon_dns::dns::Rtype;
use horizon_dns::transport::Limits;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, VarInt};
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};
use transport_lab::{framed, id_and_success, query, wait_until};

async fn connect(server: &Encrypted) -> Result<Connection, ConnectionError> {
    let mut endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let tls = QuicClientConfig::try_from(server.client(b"doq")).unwrap();
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(tls)));
    endpoint.connect(server.quic, NAME).unwrap().await
}

/// Sends octets on a stream of their own and reads what comes back up to its end.
async fn say(connection: &Connection, octets: &[u8]) -> Option<Vec<u8>> {
    let (mut send, mut receive) = connection.open_bi().await.ok()?;
    send.write_all(octets).await.ok()?;
    send.finish().ok()?;
    receive.read_to_end(70_000).await.ok()
}

async fn ask(connection: &Connection, name: &str, rtype: Rtype) -> Option<Vec<u8>> {
    let said = say(connection, &framed(&query(0, name, rtype))).await?;
    let (length, message) = said.split_first_chunk::<2>()?;
    assert_eq!(usize::from(u16::from_be_bytes(*length)), message.len(), "one message and the end");
    Some(message.to_vec())
}

/// Hundreds of questions, each on a stream of its own, large answers among them.
#[test]
fn each_question_has_its_stream() {
    let server = Encrypted::new(Limits::default());
    server.lab.runtime.block_on(async {
        let connection = connect(&server).await.unwrap();
        let asked: Vec<_> = (0..300)
            .map(|number| {
                let connection = connection.clone();
                let (name, rtype) =
                    if number % 10 == 0 { ("big.example.org", Rtype::TXT) } else { ("www.example.org", Rtype::A) };
                tokio::spawn(async move { ask(&connection, name, rtype).await })
            })
            .collect();
        for asked in asked {
            assert_eq!(id_and_success(&asked.await.unwrap().unwrap()), (0, true));
        }
        let said = say(&connection, &framed(&padded(0, "www.example.org", Rtype::A))).await.unwrap();
        assert_eq!(said.len() - 2, 468, "padded");
    });
    assert_eq!(server.lab.count(Event::QueriesQuic), 301);
    assert_eq!(server.lab.count(Event::SecureAccepted), 1);
}

/// kdig asks over QUIC.
#[test]
fn kdig_asks_over_quic() {
    if !is_here("kdig") {
        return;
    }
    let server = Encrypted::new(Limits::default());
    let said = server.kdig(server.quic, &["+quic", "www.example.org", "A"]);
    assert!(said.contains("status: NOERROR") && said.contains("10.0.0.1"), "{said}");
}

/// What RFC 9250 section 4.3.3 calls an error ends the connection with DOQ_PROTOCOL_ERROR; a stream that is given up does
/// not.
#[test]
fn broken_rules_end_the_connection() {
    let server = Encrypted::new(Limits { message: Duration::from_millis(500), ..Limits::default() });
    let good = framed(&query(0, "www.example.org", Rtype::A));
    let mut response = query(0, "www.example.org", Rtype::A);
    response[2] |= 0x80;
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("an ID", framed(&query(7, "www.example.org", Rtype::A))),
        ("two messages", [good.clone(), good.clone()].concat()),
        ("nothing", Vec::new()),
        ("half a length", vec![0]),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("an empty message", vec![0, 0]),
        ("a response", framed(&response)),
    ];
    server.lab.runtime.block_on(async {
        for (why, octets) in table {
            let connection = connect(&server).await.unwrap();
            assert_eq!(say(&connection, &octets).await.filter(|said| !said.is_empty()), None, "{why}");
            let code = match connection.closed().await {
                ConnectionError::ApplicationClosed(close) => close.error_code,
                other => panic!("{why}: {other}"),
            };
            assert_eq!(code, VarInt::from_u32(2), "{why}");
        }
        // A question without the end of its stream.
        let connection = connect(&server).await.unwrap();
        let (mut send, _receive) = connection.open_bi().await.unwrap();
        send.write_all(&good).await.unwrap();
        assert!(matches!(connection.closed().await, ConnectionError::ApplicationClosed(_)));
        // One that is given up, and one whose answer is not wanted.
        let connection = connect(&server).await.unwrap();
        let (mut send, mut receive) = connection.open_bi().await.unwrap();
        send.write_all(&good[..5]).await.unwrap();
        send.reset(VarInt::from_u32(3)).unwrap();
        receive.stop(VarInt::from_u32(3)).unwrap();
        assert!(ask(&connection, "www.example.org", Rtype::A).await.is_some());
        // No stream in one direction is allowed.
        assert!(tokio::time::timeout(Duration::from_millis(200), connection.open_uni()).await.is_err());
    });
}

/// An Initial without a sequel, as the first flight of a client that then falls silent.
fn initial(server: &Encrypted) -> Vec<u8> {
    server.lab.runtime.block_on(async {
        let trap = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        let tls = QuicClientConfig::try_from(server.client(b"doq")).unwrap();
        endpoint.set_default_client_config(ClientConfig::new(Arc::new(tls)));
        let _connecting = endpoint.connect(trap.local_addr().unwrap(), NAME).unwrap();
        let mut buffer = vec![0; 2000];
        let length = trap.recv(&mut buffer).await.unwrap();
        buffer.truncate(length);
        assert!(length >= 1200, "a whole first flight");
        buffer
    })
}

/// One handshake that never ends, and a hundred, and garbage between them, delay nobody else; their places come back.
#[test]
fn unfinished_handshakes_delay_nobody() {
    let limits = Limits { handshake: Duration::from_secs(2), ..Limits::default() };
    let server = Encrypted::new(limits);
    let mut slowest = Duration::ZERO;
    let mut sockets = Vec::new();
    for round in [1, 100, 200] {
        for _ in 0..round {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.send_to(&initial(&server), server.quic).unwrap();
            socket.send_to(&[0xc0; 1200], server.quic).unwrap();
            socket.send_to(&[0x40, 1, 2], server.quic).unwrap();
            sockets.push(socket);
        }
        let start = Instant::now();
        server.lab.runtime.block_on(async {
            let connection = connect(&server).await.unwrap();
            assert!(ask(&connection, "www.example.org", Rtype::A).await.is_some());
        });
        slowest = slowest.max(start.elapsed());
    }
    eprintln!("beside up to 301 unfinished handshakes, one that is finished took at most {slowest:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(server.lab.count(Event::QuicRetry) > 0, "under load clients must show that they are there");
    server.lab.wait_for(Event::HandshakeFailed, 64);
}

/// The caps hold and say so with DOQ_EXCESSIVE_LOAD; a place that comes free can be taken.
#[test]
fn connection_caps_hold() {
    let server = Encrypted::new(Limits { encrypted_per_client: 3, ..Limits::default() });
    server.lab.runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..3 {
            let connection = connect(&server).await.unwrap();
            assert!(ask(&connection, "www.example.org", Rtype::A).await.is_some());
            open.push(connection);
        }
        let fourth = connect(&server).await.unwrap();
        match fourth.closed().await {
            ConnectionError::ApplicationClosed(close) => assert_eq!(close.error_code, VarInt::from_u32(4)),
            other => panic!("{other}"),
        }
        assert_eq!(server.lab.count(Event::SecureRefused), 1);
        open.pop().unwrap().close(VarInt::from_u32(0), b"");
        let start = Instant::now();
        loop {
            let connection = connect(&server).await.unwrap();
            if ask(&connection, "www.example.org", Rtype::A).await.is_some() {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "the place comes free");
        }
        for connection in &open {
            assert!(ask(connection, "www.example.org", Rtype::A).await.is_some());
        }
    });
}

/// A connection that asks nothing ends in time.
#[test]
fn idle_connections_are_closed() {
    let server = Encrypted::new(Limits { idle: Duration::from_millis(400), ..Limits::default() });
    server.lab.runtime.block_on(async {
        let connection = connect(&server).await.unwrap();
        assert!(ask(&connection, "www.example.org", Rtype::A).await.is_some());
        let start = Instant::now();
        connection.closed().await;
        assert!(start.elapsed() < Duration::from_secs(10));
    });
}

/// A client that asks for much and reads nothing loses its streams, and others are served meanwhile.
#[test]
fn a_slow_reader_is_cut_off() {
    let server = Encrypted::new(Limits { write: Duration::from_millis(500), ..Limits::default() });
    server.lab.runtime.block_on(async {
        let mut endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        let tls = QuicClientConfig::try_from(server.client(b"doq")).unwrap();
        let mut transport = quinn::TransportConfig::default();
        transport.stream_receive_window(1000u32.into());
        let mut config = ClientConfig::new(Arc::new(tls));
        config.transport_config(Arc::new(transport));
        endpoint.set_default_client_config(config);
        let deaf = endpoint.connect(server.quic, NAME).unwrap().await.unwrap();
        let mut streams = Vec::new();
        for _ in 0..20 {
            let (mut send, receive) = deaf.open_bi().await.unwrap();
            send.write_all(&framed(&query(0, "big.example.org", Rtype::TXT))).await.unwrap();
            send.finish().unwrap();
            streams.push(receive);
        }
        let other = connect(&server).await.unwrap();
        let start = Instant::now();
        while server.lab.count(Event::TcpClosedSlow) < 20 {
            assert!(ask(&other, "www.example.org", Rtype::A).await.is_some());
            assert!(start.elapsed() < Duration::from_secs(20));
        }
    });
}

/// A new certificate is shown to who connects from then on; who is connected asks on.
#[test]
fn a_new_certificate_drops_no_connection() {
    let server = Encrypted::new(Limits::default());
    server.lab.runtime.block_on(async {
        let shown = |connection: &Connection| {
            let identity = connection.peer_identity().unwrap();
            identity.downcast::<Vec<rustls::pki_types::CertificateDer<'static>>>().unwrap()[0].to_vec()
        };
        let before = connect(&server).await.unwrap();
        server.renew();
        let after = connect(&server).await.unwrap();
        assert_ne!(shown(&before), shown(&after));
        for connection in [&before, &after] {
            assert!(ask(connection, "www.example.org", Rtype::A).await.is_some());
        }
    });
}

/// On a stop, questions that have arrived are answered, and the connection ends without an error.
#[test]
fn a_stop_answers_what_has_arrived() {
    let mut server = Encrypted::new(Limits::default());
    let connection = server.lab.runtime.block_on(connect(&server)).unwrap();
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let connection = connection.clone();
            server.lab.runtime.spawn(async move { ask(&connection, "www.example.org", Rtype::A).await })
        })
        .collect();
    wait_until("some have arrived", || server.lab.count(Event::QueriesQuic) > 0);
    server.stop();
    let answers: Vec<_> = asked.into_iter().map(|asked| server.lab.runtime.block_on(asked).unwrap()).collect();
    let answered = answers.iter().flatten().count() as u64;
    assert_eq!(answered, server.lab.count(Event::QueriesQuic), "each question that was taken is answered");
    match server.lab.runtime.block_on(connection.closed()) {
        ConnectionError::ApplicationClosed(close) => assert_eq!(close.error_code, VarInt::from_u32(0)),
        other => panic!("{other}"),
    }
}
