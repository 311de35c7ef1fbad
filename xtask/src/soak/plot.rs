//! The plot of two programs' memory over time, as an SVG.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use super::Curve;

const SIZE: (u32, u32) = (760, 360);
const GOSAN: RGBColor = RGBColor(0x1b, 0x7a, 0x5a);
const STOCK: RGBColor = RGBColor(0xb0, 0x5a, 0x2c);

/// Resident memory in MiB over minutes.
pub fn memory(gosan: &Curve, stock: &Curve) -> Result<String> {
    let mut svg = String::new();
    draw(gosan, stock, &mut svg).map_err(|error| anyhow!("cannot draw the plot: {error}"))?;
    Ok(svg)
}

fn draw(
    gosan: &Curve,
    stock: &Curve,
    svg: &mut String,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let curves = [("gosan", gosan, GOSAN), ("stock -race", stock, STOCK)];
    let last = |curve: &Curve| curve.samples.last().map_or(1, |(second, _)| *second);
    let minutes = last(gosan).max(last(stock)) as f64 / 60.0;
    let top = gosan.peak().max(stock.peak()) as f64 * 1.1;
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..minutes, 0.0..top.max(1.0))?;
    chart
        .configure_mesh()
        .label_style(("sans-serif", 15))
        .axis_desc_style(("sans-serif", 16))
        .light_line_style(TRANSPARENT)
        .x_desc("minutes")
        .y_desc("resident memory, MiB")
        .x_label_formatter(&|minute| format!("{minute:.0}"))
        .y_label_formatter(&|mib| format!("{mib:.0}"))
        .draw()?;
    for (name, curve, color) in curves {
        let points = curve.samples.iter();
        let points = points.map(|(second, mib)| (*second as f64 / 60.0, *mib as f64));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 16))
        .position(SeriesLabelPosition::MiddleRight)
        .background_style(WHITE)
        .border_style(TRANSPARENT)
        .draw()?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_curves_are_in_the_plot() {
        let curve = |mib| Curve {
            samples: (1..=60).map(|second| (second, mib)).collect(),
        };
        let svg = memory(&curve(50), &curve(200)).expect("it is drawn");
        assert!(svg.starts_with("<svg"));
        for text in ["gosan", "stock -race", "minutes"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        assert!(memory(&Curve::default(), &Curve::default()).is_ok());
    }
}
