//! What persons said when asked, by purpose.

use kobling::consent::EventKind;
use kobling::programme::Question;
use kobling::question::Ask;
use rusqlite::params;

use super::{Extras, Oracle};
use crate::answer::{Answer, Told};
use crate::said::{PURPOSES, Said};

/// Longest validity of each band but the last, in days.
const BANDS: [i64; 4] = [92, 184, 366, 731];

impl Oracle<'_> {
    /// The answer, unprotected. Nobody is left out.
    pub(crate) fn consents(&self, said: &[Said], question: &Question, ask: &Ask) -> Answer {
        assert!(question.dimensions.len() > ask.by.len(), "by partner, or by nothing");
        self.run(
            "CREATE TEMP TABLE said (id INTEGER PRIMARY KEY, source, u, at, day, kind, record, names, valid_from, valid_to);
             CREATE TEMP TABLE listed (id, purpose);
             CREATE TEMP TABLE cell (u, g, tail);",
        );
        for (id, Said { source, person, event }) in said.iter().enumerate() {
            let valid_to = event.valid_to.map_or(999_999, |day| day.days());
            let row = params![
                id as i64,
                source,
                person,
                event.at.millis(),
                event.at.day().days(),
                event.kind.as_str(),
                event.record.as_str(),
                event.names.as_ref().map(|record| record.as_str()),
                event.valid_from.days(),
                valid_to
            ];
            self.db.execute("INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row).expect("an event");
            // No purpose listed: all of them, but for a yes.
            let all = event.purposes.is_empty() && !event.kind.is_permit();
            for purpose in PURPOSES {
                let listed = event.purposes.iter().any(|id| id.as_str() == purpose);
                if event.kind != EventKind::Expired && (all || listed) {
                    self.db
                        .execute("INSERT INTO listed VALUES (?, ?)", params![id as i64, purpose])
                        .expect("a purpose");
                }
            }
        }
        let group = if ask.by.is_empty() { "''" } else { "'org' || source" };
        let (first, last) = (ask.period.first_day().days(), ask.period.last_day().days());
        let sealed = self.world.sealed.days();
        self.run(&format!(
            "INSERT INTO listed SELECT x.id, purpose FROM said x JOIN said y
                 ON y.source = x.source AND y.u = x.u AND y.record = x.names AND y.kind IN ('given', 'renewed')
               JOIN listed ON listed.id = y.id WHERE x.kind = 'expired';
             CREATE TEMP TABLE heard AS SELECT said.*, purpose, {group} AS g FROM said JOIN listed USING (id)
               WHERE day <= {sealed};
             CREATE TEMP TABLE told AS SELECT * FROM heard WHERE day BETWEEN {first} AND {last};
             INSERT INTO cell SELECT DISTINCT u, g, purpose || '|asked' FROM told
               UNION SELECT u, g, purpose || '|given' FROM told WHERE kind IN ('given', 'renewed')
               UNION SELECT u, g, purpose || '|' || kind FROM told WHERE kind IN ('refused', 'withdrawn');
             CREATE TEMP TABLE ran_out AS SELECT *, min(
                 CASE WHEN valid_to < {sealed} THEN valid_to ELSE 999999 END,
                 COALESCE((SELECT MIN(e.day) FROM said e WHERE e.kind = 'expired' AND e.source = t.source AND e.u = t.u
                   AND e.names = t.record AND e.day <= {sealed}), 999999)) AS ended
               FROM told t WHERE kind IN ('given', 'renewed');
             INSERT INTO cell SELECT DISTINCT u, g, purpose || '|expired' FROM ran_out y WHERE ended < 999999
               AND NOT EXISTS (SELECT 1 FROM heard h WHERE h.source = y.source AND h.u = y.u AND h.purpose = y.purpose
                 AND h.id <> y.id AND (
                   (h.kind IN ('given', 'renewed') AND h.at > y.at) OR (h.kind = 'renewed' AND h.names = y.record)
                   OR (h.kind IN ('refused', 'withdrawn', 'invalidated') AND h.at >= y.at AND h.day <= y.ended)));
             CREATE TEMP TABLE last AS SELECT u, g, purpose, valid_to - valid_from + 1 AS days FROM
               (SELECT *, row_number() OVER (PARTITION BY u, g, purpose ORDER BY at DESC, id DESC) AS n FROM told
                WHERE kind IN ('given', 'renewed')) WHERE n = 1;
             CREATE TEMP TABLE entry AS SELECT DISTINCT u, 0 AS source FROM cell;
             CREATE TEMP TABLE staffed (g, tail, number, person);
             CREATE TEMP TABLE gone (person);
             CREATE TEMP TABLE member AS SELECT DISTINCT u, u AS person FROM cell;
             INSERT INTO family SELECT u, u FROM entry WHERE u NOT IN (SELECT person FROM family)"
        ));
        let mut extras = Extras::new();
        let found = self.rows("SELECT g, purpose, days FROM last", |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        });
        for (group, purpose, days) in found {
            let told = extras.entry((group, format!("{purpose}|given")));
            if let Told::Median(bands) = told.or_insert_with(|| Told::Median(vec![0; BANDS.len() + 1])) {
                bands[BANDS.iter().filter(|limit| days > **limit).count()] += 1;
            }
        }
        self.told(extras)
    }
}
