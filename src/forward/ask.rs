//! A question as the forwarder sees it, and what can be said to it at once.

/// A question of a client, of class IN, that no zone of its horizon answers.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'q> {
    /// The client's horizon, as its place in the snapshot.
    pub horizon: usize,
    /// The name in wire format, lower-cased.
    pub name: &'q [u8],
    /// QTYPE.
    pub rtype: u16,
    /// The DO bit (RFC 3225).
    pub dnssec_ok: bool,
    /// The CD bit (RFC 4035 section 3.2.2).
    pub checking_disabled: bool,
    /// The AD bit: the client knows what AD in a reply means (RFC 6840 section 5.7).
    pub authentic_data: bool,
}

/// What can be said without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// The records are written into the reply.
    Written {
        /// The RCODE, its upper bits included.
        rcode: u16,
        /// The AD bit: all records were validated, here or by the upstream (RFC 4035 section 3.2.3).
        authentic: bool,
        /// The extended error.
        note: Option<Note>,
        /// The answer ends soon and is asked for often: to be asked for again, although nobody waits for it.
        refresh: bool,
    },
    /// An upstream must be asked.
    Miss,
    /// There is no upstream for this name.
    NoUpstream,
}

/// An extended error (RFC 8914) whose text needs no allocation: cut to what fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// INFO-CODE.
    pub code: u16,
    text: [u8; Note::ROOM],
    length: u8,
}

impl Note {
    const ROOM: usize = 120;

    /// A note with as much of the text as there is room for, cut between characters.
    pub fn new(code: u16, text: &str) -> Self {
        let mut length = text.len().min(Note::ROOM);
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        let mut room = [0; Note::ROOM];
        room[..length].copy_from_slice(&text.as_bytes()[..length]);
        Note { code, text: room, length: length as u8 }
    }

    /// EXTRA-TEXT.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }
}
