//! The colours of documents, in one place: by day and by night. A page has them as variables; a picture on its own has them
//! written out, because many programs that show SVG know no variables.

/// Name, by day, by night.
const COLORS: [(&str, &str, &str); 20] = [
    ("ground", "#f5f6f8", "#0e1116"),
    ("card", "#ffffff", "#161a21"),
    ("ink", "#1a1e24", "#e6e9ee"),
    ("dim", "#5f6b7a", "#97a2b1"),
    ("line", "#e2e6eb", "#272d37"),
    ("track", "#e8ebf0", "#242a34"),
    ("accent", "#2c6bd6", "#6ea8ff"),
    ("good", "#14804f", "#4cc38a"),
    ("bad", "#c23a33", "#ff7d74"),
    ("heat0", "#e9ecf1", "#212731"),
    ("heat1", "#c5daf8", "#17355f"),
    ("heat2", "#8cb6ef", "#1f5096"),
    ("heat3", "#4a87df", "#3a7ad9"),
    ("heat4", "#1c55b3", "#82b4ff"),
    // Series, by turns; told apart with most kinds of colour blindness, and by their marks with all.
    ("s0", "#2c6bd6", "#6ea8ff"),
    ("s1", "#d9670b", "#ffa35c"),
    ("s2", "#0f8a6d", "#41cfa8"),
    ("s3", "#a03aa8", "#dd8fe4"),
    ("s4", "#8a6d00", "#e0c04a"),
    ("s5", "#c23a4b", "#ff8792"),
];

/// The variables that a page's style begins with.
pub fn variables() -> String {
    let all = |night: bool| -> String {
        let value = |(name, day, dark): &(&str, &str, &str)| format!("--{name}: {}; ", if night { dark } else { day });
        COLORS.iter().map(value).collect()
    };
    format!(
        ":root {{ color-scheme: light dark; {}}}\n@media (prefers-color-scheme: dark) {{ :root {{ {}}} }}\n",
        all(false),
        all(true)
    )
}

/// A style with the colours in place of their names, twice: by day, and again for the night.
pub fn written_out(style: &str) -> String {
    let mut texts = [style.to_owned(), style.to_owned()];
    for (name, day, night) in COLORS {
        for (text, value) in texts.iter_mut().zip([day, night]) {
            *text = text.replace(&format!("var(--{name})"), value);
        }
    }
    let [day, night] = texts;
    format!("{day}@media (prefers-color-scheme: dark) {{\n{night}}}\n")
}
