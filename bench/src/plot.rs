//! The plot: time against the number of sessions.

use anyhow::{Result, anyhow, bail};
use plotters::element::DashedPathElement;
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, IntoDrawingArea, LineSeries, PathElement, RGBColor, SVGBackend, SeriesLabelPosition,
    WHITE,
};
use plotters::series::DashedLineSeries;
use plotters::style::{Color, IntoFont, ShapeStyle};

use crate::results::{Outcome, Results};
use crate::scenario::{PAGE, SUMMARY};

const SIZE: (u32, u32) = (880, 520);

/// Of the palette of Okabe and Ito, whose colours everybody can tell apart.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);

/// Dashes and the gaps between them, in pixels.
const DASHES: (u32, u32) = (5, 4);

/// A line of the plot.
struct Line<'a> {
    label: &'a str,
    color: RGBColor,
    is_baseline: bool,
    /// Sessions and milliseconds.
    points: Vec<(f64, f64)>,
}

/// Draws the results' plot as SVG.
pub(crate) fn draw(results: &Results) -> Result<String> {
    let line = |label, color, query: &str, is_baseline| {
        let points = results.scenarios.iter().filter(|scenario| scenario.is_plotted && scenario.query == query);
        let median = |outcome: &Outcome| if is_baseline { outcome.baseline.p50 } else { outcome.route.p50 };
        let points =
            points.filter_map(|scenario| Some((scenario.sessions as f64, median(scenario.outcome.as_ref()?) / 1e3)));
        Line { label, color, is_baseline, points: points.collect() }
    };
    let lines = [
        line("whole list", BLUE, "", false),
        line("its baseline", BLUE, "", true),
        line("whole list, view=summary", VERMILION, SUMMARY, false),
        line("its baseline", VERMILION, SUMMARY, true),
        line("a page: limit=20, view=summary", GREEN, PAGE, false),
        line("its baseline", GREEN, PAGE, true),
    ];
    let points = || lines.iter().flat_map(|line| &line.points);
    if points().next().is_none() {
        bail!("the results have no scenario that is plotted");
    }
    let most = points().fold((0.0_f64, 0.0_f64), |most, point| (most.0.max(point.0), most.1.max(point.1)));
    let mut svg = String::new();
    chart(&mut svg, &lines, most).map_err(|error| anyhow!("the plot: {error}"))?;
    Ok(svg)
}

fn chart(svg: &mut String, lines: &[Line<'_>], most: (f64, f64)) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("list-sessions: time of a call (median) over the number of sessions", ("sans-serif", 18).into_font())
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..most.0 * 1.04, 0.0..most.1 * 1.08)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(BLACK.mix(0.12))
        .x_desc("sessions, each with a state of about 2 kB")
        .y_desc("milliseconds")
        .x_label_formatter(&|sessions| format!("{sessions:.0}"))
        .y_label_formatter(&|millis| format!("{millis:.0}"))
        .draw()?;
    for Line { label, color, is_baseline, points } in lines {
        let (style, points) = (ShapeStyle::from(*color).stroke_width(2), points.iter().copied());
        if *is_baseline {
            let line = DashedLineSeries::new(points, DASHES.0, DASHES.1, style);
            let legend = move |(x, y)| DashedPathElement::new([(x, y), (x + 24, y)], DASHES.0, DASHES.1, style);
            chart.draw_series(line)?.label(*label).legend(legend);
        } else {
            let legend = move |(x, y)| PathElement::new([(x, y), (x + 24, y)], style);
            chart.draw_series(LineSeries::new(points.clone(), style))?.label(*label).legend(legend);
            chart.draw_series(points.map(|point| Circle::new(point, 3, color.filled())))?;
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 14))
        .draw()?;
    area.present()?;
    Ok(())
}
