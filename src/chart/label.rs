//! Where names stand beside their points: on nothing that is drawn, and not at all where there is no room.

/// A rectangle, in whatever a chart is measured in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub wide: f64,
    /// Height.
    pub high: f64,
}

/// A straight line from one place to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Where it begins.
    pub from: (f64, f64),
    /// Where it ends.
    pub to: (f64, f64),
}

/// For each label one of its places, given in order of liking: the first that lies in `frame`, `gap` beside marks and other
/// labels, and across as few lines as may be. None where no place is free.
pub fn place(frame: Area, marks: &[Area], lines: &[Segment], gap: f64, labels: &[Vec<Area>]) -> Vec<Option<Area>> {
    let mut taken: Vec<Area> = marks.to_vec();
    let mut placed = Vec::with_capacity(labels.len());
    for places in labels {
        let free = |area: &&Area| {
            let around = Area { x: area.x - gap, wide: area.wide + 2.0 * gap, ..**area };
            area.within(&frame) && !taken.iter().any(|other| around.meets(other))
        };
        let crossed = |area: &&Area| lines.iter().filter(|line| line.crosses(area)).count();
        let found = places.iter().filter(free).min_by_key(crossed).copied();
        taken.extend(found);
        placed.push(found);
    }
    placed
}

impl Area {
    fn meets(&self, other: &Area) -> bool {
        self.x < other.x + other.wide
            && other.x < self.x + self.wide
            && self.y < other.y + other.high
            && other.y < self.y + self.high
    }

    fn within(&self, frame: &Area) -> bool {
        self.x >= frame.x
            && self.y >= frame.y
            && self.x + self.wide <= frame.x + frame.wide
            && self.y + self.high <= frame.y + frame.high
    }
}

impl Segment {
    /// Whether any of it lies in `area`: what the four edges leave of it (Liang and Barsky).
    fn crosses(&self, area: &Area) -> bool {
        let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let edges = [
            (-dx, self.from.0 - area.x),
            (dx, area.x + area.wide - self.from.0),
            (-dy, self.from.1 - area.y),
            (dy, area.y + area.high - self.from.1),
        ];
        let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
        for (towards, room) in edges {
            match towards {
                0.0 if room < 0.0 => return false,
                0.0 => {}
                towards if towards < 0.0 => enters = enters.max(room / towards),
                towards => leaves = leaves.min(room / towards),
            }
        }
        enters <= leaves
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, Segment, place};

    fn area(x: f64, y: f64, wide: f64) -> Area {
        Area { x, y, wide, high: 1.0 }
    }

    #[test]
    fn labels_give_way() {
        let frame = Area { x: 0.0, y: 0.0, wide: 20.0, high: 3.0 };
        let marks = [area(5.0, 1.0, 1.0), area(8.0, 1.0, 1.0)];
        let around = |x: f64| vec![area(x + 2.0, 1.0, 4.0), area(x - 5.0, 1.0, 4.0), area(x, 0.0, 4.0)];
        let got = place(frame, &marks, &[], 1.0, &[around(5.0), around(8.0), around(18.0), around(18.0)]);
        let wanted = [Some(area(0.0, 1.0, 4.0)), Some(area(10.0, 1.0, 4.0)), None, None];
        assert_eq!(got, wanted);
    }

    #[test]
    fn a_label_prefers_a_place_without_a_line() {
        let frame = Area { x: 0.0, y: 0.0, wide: 20.0, high: 3.0 };
        let line = Segment { from: (0.0, 1.5), to: (20.0, 1.5) };
        let places = vec![area(7.0, 1.0, 4.0), area(5.0, 0.0, 4.0)];
        assert_eq!(place(frame, &[], &[line], 1.0, std::slice::from_ref(&places)), [Some(places[1])]);
        assert_eq!(place(frame, &[], &[line], 1.0, &[places[..1].to_vec()]), [Some(places[0])]);
    }
}
