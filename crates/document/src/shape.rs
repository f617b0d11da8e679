//! How a document's objects are described: one list of fields an object, from which it is read,
//! from which unknown fields are told, and from which the JSON Schema is made.

/// An object: its fields are all it may have.
#[derive(Debug)]
pub struct Shape {
    /// What it is called in the schema.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its fields, in the order they are written.
    pub fields: &'static [Field],
}

/// A field of an object.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there, and whether anything uses it.
    pub need: Need,
    /// Meaning, unit and sign; what its absence means.
    pub about: &'static str,
}

/// Whether a field must be there, and whether anything uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Must be there.
    Required,
    /// May be left out.
    Optional,
    /// Known, checked, and reported as used by no model.
    Unused,
    /// Known, and refused unless it is empty: to leave it out of account would change who is under
    /// water. With what was expected in its place.
    Refused(&'static str),
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A decimal, as a number or as text.
    Decimal(Range),
    /// A count (of seconds, of orders), at least one, as a number or as text.
    Count,
    /// True or false.
    Boolean,
    /// Text that is not empty.
    Text,
    /// The name of an asset or an underlying.
    Name,
    /// An instant in RFC 3339.
    Instant,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An object.
    Object(&'static Shape),
    /// A list.
    List(&'static Self),
    /// An object whose field names are data.
    Map(Key, &'static Self),
    /// Objects and lists of scalars, whose meaning another part knows.
    Tree,
}

/// What the field names of a map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Names of assets or underlyings.
    Name,
    /// Instants.
    Instant,
    /// Any text that is not empty.
    Text,
}

/// Which decimals are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Any.
    Any,
    /// Above zero.
    Positive,
    /// Zero or above.
    AtLeastZero,
    /// 0 to 1.
    Fraction,
    /// Above 0 and below 100, which is 10,000 %.
    Vol,
    /// Above −1 and below 1.
    Correlation,
}

impl Need {
    /// Whether the field is read, and so checked by its reader.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Required | Self::Optional)
    }
}

impl Range {
    /// What is expected, for a message.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Any => "a decimal such as -0.05 or \"-0.05\"",
            Self::Positive => "a decimal above zero",
            Self::AtLeastZero => "a decimal, zero or above",
            Self::Fraction => "a decimal from 0 to 1",
            Self::Vol => "an annual volatility above 0 and below 100 (0.6 is 60 %)",
            Self::Correlation => "a decimal above -1 and below 1",
        }
    }
}

impl Kind {
    /// What is expected, for a message.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Decimal(range) => range.expected().to_owned(),
            Self::Count => "a whole number, 1 or more".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Name => "a name of 1 to 16 letters, digits, '.', '-' or '_'".to_owned(),
            Self::Instant => "an instant such as \"2024-12-27T08:00:00Z\"".to_owned(),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                if words.len() == 1 { words.concat() } else { format!("one of {}", words.join(", ")) }
            }
            Self::Object(shape) => format!("an object: {}", shape.about),
            Self::List(_) => "a list".to_owned(),
            Self::Map(key, _) => format!("an object by {}", key.expected()),
            Self::Tree => "an object".to_owned(),
        }
    }
}

impl Key {
    /// What is expected, for a message.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Name => "name, of 1 to 16 letters, digits, '.', '-' or '_'",
            Self::Instant => "instant, such as \"2024-12-27T08:00:00Z\"",
            Self::Text => "text",
        }
    }
}

impl Shape {
    /// Its field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The known name that a misspelt one is nearest to, two edits away at most.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        if name.len() > 40 {
            return None;
        }
        let lower = name.to_ascii_lowercase();
        self.fields
            .iter()
            .map(|field| (edits(&lower, field.name), field.name))
            .filter(|(edits, known)| *edits <= 2 && *edits < known.len())
            .min()
            .map(|(_, known)| known)
    }
}

/// Insertions, deletions and replacements between two short texts.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (down, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = down + 1;
        for (across, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[across + 1];
            row[across + 1] = replaced.min(diagonal + 1).min(row[across] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
