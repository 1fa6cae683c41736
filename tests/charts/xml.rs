//! Reads SVG as strictly as a browser reads a file of it, and asserts that nothing lies outside of its frame and no text on
//! another.

/// Widths of letters, in shares of their size, that no font goes below: what is cut is cut by more.
const NARROW: f64 = 0.3;

/// Left, upper, right and lower edge.
type Place = [f64; 4];

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> f64 {
        let value = self.attribute(name).unwrap_or("0");
        let number: f64 =
            value.parse().unwrap_or_else(|_| panic!("{name}=\"{value}\" of <{}> is no number", self.name));
        assert!(number.is_finite(), "{name} of <{}> is {number}", self.name);
        number
    }
}

/// Asserts that `svg` is one well-formed element and that all it draws lies in its viewBox.
pub fn inside(svg: &str) {
    let legal =
        |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(svg.chars().all(legal), "a character that XML does not have: {svg}");
    let (mut rest, mut open, mut boxes) = (svg.trim_end(), Vec::<String>::new(), Vec::<(f64, f64)>::new());
    let mut texts: Vec<Vec<(Place, &str)>> = Vec::new();
    while let Some(at) = rest.find('<') {
        entities(&rest[..at]);
        assert!(at == 0 || !open.is_empty(), "text outside of the root: {}", &rest[..at]);
        let end = at + rest[at..].find('>').expect("a tag ends");
        let inner = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "tags are nested");
            if name == "svg" {
                boxes.pop();
                texts.pop();
            }
            continue;
        }
        let tag = read(inner.trim_end_matches('/'));
        if tag.name == "svg" {
            if let Some((wide, high)) = boxes.last() {
                let (right, low) = (tag.number("x") + tag.number("width"), tag.number("y") + tag.number("height"));
                assert!(right <= *wide && low <= *high, "an inner frame to {right} {low} in {wide} {high}");
            }
            let sides: Vec<f64> =
                tag.attribute("viewBox").expect("a viewBox").split(' ').map(|n| n.parse().expect("a number")).collect();
            assert_eq!(sides[..2], [0.0, 0.0]);
            boxes.push((sides[2], sides[3]));
            texts.push(Vec::new());
        } else if tag.name == "text" {
            let text = rest.split('<').next().unwrap_or_default();
            let place = written(&tag, text);
            let (wide, high) = *boxes.last().expect("inside <svg>");
            assert!(within(place, wide, high), "`{text}` reaches {place:?} in {wide} {high}");
            let others = texts.last_mut().expect("inside <svg>");
            for (other, words) in others.iter() {
                let apart =
                    place[0] >= other[2] || other[0] >= place[2] || place[1] >= other[3] || other[1] >= place[3];
                assert!(apart, "`{text}` at {place:?} lies on `{words}` at {other:?}");
            }
            others.push((place, text));
        } else {
            drawn(&tag, *boxes.last().expect("inside <svg>"));
        }
        if !inner.ends_with('/') {
            open.push(tag.name);
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "left open: {open:?}, left over: {rest}");
}

fn read(inner: &str) -> Tag {
    let (name, mut words) = inner.split_once(' ').unwrap_or((inner, ""));
    let mut tag = Tag { name: name.to_owned(), attributes: Vec::new() };
    while let Some((attribute, more)) = words.trim_start().split_once("=\"") {
        let (value, more) = more.split_once('"').expect("a value ends");
        assert!(tag.attribute(attribute).is_none() && !value.contains('<'), "{inner}");
        entities(value);
        tag.attributes.push((attribute.to_owned(), value.to_owned()));
        words = more;
    }
    assert_eq!(words.trim(), "", "all of <{inner}> is read");
    tag
}

fn entities(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "a bare & in {text}");
    }
}

/// Where a text stands at least.
fn written(tag: &Tag, text: &str) -> Place {
    let (x, y) = (tag.number("x"), tag.number("y"));
    let text =
        ["amp", "lt", "gt", "quot", "#39"].iter().fold(text.to_owned(), |t, name| t.replace(&format!("&{name};"), "."));
    let length = text.chars().count() as f64 * 11.0 * NARROW;
    let left = match tag.attribute("class").unwrap_or_default() {
        class if class.ends_with("end") => x - length,
        class if class.ends_with("middle") => x - length / 2.0,
        _ => x,
    };
    [left, y - 8.0, left + length, y + 2.0]
}

fn within([left, upper, right, lower]: Place, wide: f64, high: f64) -> bool {
    left >= -0.05 && upper >= -0.05 && right <= wide + 0.05 && lower <= high + 0.05
}

fn drawn(tag: &Tag, (wide, high): (f64, f64)) {
    let inside = |x: f64, y: f64| {
        assert!(
            within([x, y, x, y], wide, high),
            "<{} {:?}> reaches {x} {y} in {wide} {high}",
            tag.name,
            tag.attributes
        );
    };
    match tag.name.as_str() {
        "rect" => {
            inside(tag.number("x"), tag.number("y"));
            assert!(tag.number("width") >= 0.0 && tag.number("height") >= 0.0, "{:?}", tag.attributes);
            inside(tag.number("x") + tag.number("width"), tag.number("y") + tag.number("height"));
        }
        "circle" => {
            let (x, y, r) = (tag.number("cx"), tag.number("cy"), tag.number("r"));
            inside(x - r, y - r);
            inside(x + r, y + r);
        }
        "path" => path(tag.attribute("d").expect("a way"), &inside),
        "style" | "title" => {}
        other => panic!("<{other}> is not known to this test"),
    }
}

/// Walks a path and tells each corner.
fn path(way: &str, corner: &dyn Fn(f64, f64)) {
    let (mut x, mut y) = (0.0, 0.0);
    let mut rest = way;
    while let Some(command) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |at| at + 1);
        let numbers: Vec<f64> = rest[1..end].split_whitespace().map(|n| n.parse().expect("a number")).collect();
        match (command, numbers.as_slice()) {
            ('M' | 'L', [to_x, to_y]) => (x, y) = (*to_x, *to_y),
            ('l', [by_x, by_y]) => (x, y) = (x + by_x, y + by_y),
            ('H', [to]) => x = *to,
            ('V', [to]) => y = *to,
            ('h', [by]) => x += by,
            ('v', [by]) => y += by,
            ('z', []) => {}
            _ => panic!("`{command}` with {numbers:?} in {way}"),
        }
        assert!(x.is_finite() && y.is_finite(), "{way}");
        corner(x, y);
        rest = &rest[end..];
    }
}
