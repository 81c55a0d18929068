//! Rust source text as words and signs with their lines; comments are left out and literals are one empty token.
//!
//! Knows the lexical rules of the language, nothing of its grammar.

/// One word, number or sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// A whole identifier or number, `::`, or one sign; empty for a string or character literal.
    pub(crate) text: String,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// Splits `text` into its tokens.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { chars: &chars, at: 0, line: 1, found: Vec::new() };
    lexer.run();
    lexer.found
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
    line: usize,
    found: Vec<Token>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(now) = self.peek(0) {
            let (line, next) = (self.line, self.peek(1));
            match now {
                '/' if next == Some('/') => self.skip_while(|c| c != '\n'),
                '/' if next == Some('*') => self.block_comment(),
                '"' => self.string(line),
                '\'' => self.quote(line),
                c if c.is_alphabetic() || c == '_' => self.word(line),
                c if c.is_ascii_digit() => {
                    let text = self.take_while(|c| c.is_alphanumeric() || c == '_');
                    self.push(text, line);
                }
                ':' if next == Some(':') => {
                    self.bump();
                    self.bump();
                    self.push("::".to_owned(), line);
                }
                c => {
                    self.bump();
                    if !c.is_whitespace() {
                        self.push(c.to_string(), line);
                    }
                }
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn bump(&mut self) {
        if self.peek(0) == Some('\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn push(&mut self, text: String, line: usize) {
        self.found.push(Token { text, line });
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&keep) {
            self.bump();
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let start = self.at;
        self.skip_while(keep);
        self.chars[start..self.at].iter().collect()
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0;
        while let Some(now) = self.peek(0) {
            match (now, self.peek(1)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => {
                    self.bump();
                    continue;
                }
            }
            self.bump();
            self.bump();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self, line: usize) {
        self.bump();
        while let Some(now) = self.peek(0) {
            self.bump();
            match now {
                '\\' => self.bump(),
                '"' => break,
                _ => {}
            }
        }
        self.push(String::new(), line);
    }

    /// A character literal, or the name of a lifetime.
    fn quote(&mut self, line: usize) {
        if self.peek(1) == Some('\\') {
            self.bump();
            self.bump();
            self.bump();
            self.skip_while(|c| c != '\'');
            self.bump();
        } else if self.peek(2) == Some('\'') {
            self.bump();
            self.bump();
            self.bump();
        } else {
            self.bump();
            self.skip_while(|c| c.is_alphanumeric() || c == '_');
            return;
        }
        self.push(String::new(), line);
    }

    /// An identifier, a raw identifier, or the prefix of a literal (`b"`, `c"`, `r#"`, `br##"`, `b'`).
    fn word(&mut self, line: usize) {
        let text = self.take_while(|c| c.is_alphanumeric() || c == '_');
        let hashes = (0..).take_while(|ahead| self.peek(*ahead) == Some('#')).count();
        let raw = matches!(text.as_str(), "r" | "br" | "cr");
        match self.peek(0) {
            Some('"') if !raw && matches!(text.as_str(), "b" | "c") => self.string(line),
            Some('\'') if text == "b" => self.quote(line),
            _ if raw && self.peek(hashes) == Some('"') => self.raw_string(hashes, line),
            Some('#') if text == "r" => {
                self.bump();
                let text = self.take_while(|c| c.is_alphanumeric() || c == '_');
                self.push(text, line);
            }
            _ => self.push(text, line),
        }
    }

    fn raw_string(&mut self, hashes: usize, line: usize) {
        (0..=hashes).for_each(|_| self.bump());
        while let Some(now) = self.peek(0) {
            self.bump();
            if now == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                (0..hashes).for_each(|_| self.bump());
                break;
            }
        }
        self.push(String::new(), line);
    }
}
