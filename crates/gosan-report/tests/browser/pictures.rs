//! Compares a screenshot with one from before.
//!
//! Fonts and their smoothing differ between machines, so what is compared is
//! the mean colour of squares: a part that moved, vanished or changed its
//! colour shows, another font does not. `GOSAN_BLESS=1` takes the new picture.

use std::fs;
use std::path::Path;

/// Pixels of a square's side.
const SQUARE: usize = 40;

/// How far a square's mean may be from before, of 255: letters of another font
/// make a few units.
const SQUARE_OFF: f64 = 48.0;

/// How far all squares may be, on average.
const MEAN_OFF: f64 = 6.0;

/// Mean colours of squares, row by row.
struct Squares {
    width: usize,
    colours: Vec<[f64; 3]>,
}

/// Fails where the picture is too far from the one that is kept.
pub fn compare(name: &str, png: &[u8]) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/browser/pictures")
        .join(format!("{name}.png"));
    if std::env::var_os("GOSAN_BLESS").is_some() {
        fs::create_dir_all(kept.parent().expect("a folder")).expect("a folder");
        fs::write(&kept, png).expect("the picture");
    }
    let before = fs::read(&kept).unwrap_or_else(|error| panic!("{}: {error}", kept.display()));
    let (before, now) = (squares(&before), squares(png));
    assert_eq!(before.width, now.width, "{name}: another width");
    assert_eq!(
        before.colours.len(),
        now.colours.len(),
        "{name}: another height"
    );
    let distances: Vec<f64> = before
        .colours
        .iter()
        .zip(&now.colours)
        .map(|(one, other)| {
            (0..3)
                .map(|part| (one[part] - other[part]).abs())
                .sum::<f64>()
                / 3.0
        })
        .collect();
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    let worst = distances.iter().copied().fold(0.0, f64::max);
    if worst > SQUARE_OFF || mean > MEAN_OFF {
        let seen = std::env::temp_dir().join(format!("gosan-{name}.png"));
        fs::write(&seen, png).expect("the picture");
        panic!(
            "{name}: {mean:.1} on average and {worst:.1} at most from {}; now it is {}",
            kept.display(),
            seen.display()
        );
    }
}

fn squares(bytes: &[u8]) -> Squares {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size that fits")];
    let about = reader.next_frame(&mut pixels).expect("a picture");
    let (width, height) = (about.width as usize, about.height as usize);
    let samples = about.color_type.samples();
    assert!(samples >= 3, "a picture in colours");
    let columns = width.div_ceil(SQUARE);
    let mut sums = vec![([0.0; 3], 0.0); columns * height.div_ceil(SQUARE)];
    for y in 0..height {
        for x in 0..width {
            let pixel = &pixels[y * about.line_size + x * samples..];
            let (sum, count) = &mut sums[y / SQUARE * columns + x / SQUARE];
            for (part, value) in sum.iter_mut().zip(pixel) {
                *part += f64::from(*value);
            }
            *count += 1.0;
        }
    }
    let mean = |(sum, count): ([f64; 3], f64)| sum.map(|part| part / count);
    Squares {
        width: columns,
        colours: sums.into_iter().map(mean).collect(),
    }
}
