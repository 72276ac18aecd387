/// @file
/// The report as a page: one HTML file that opens offline, made from a run's folder alone. Needs nlohmann-json, zlib
/// and libpng.
#pragma once

#include <advx/data/files.hpp>
#include <advx/report/page/finished_run.hpp>
#include <advx/report/page/read_report.hpp>
#include <advx/report/page/sections.hpp>
#include <advx/report/page/style.hpp>

#include <span>
#include <string>

namespace advx::report {

/// The page as HTML; equal runs give equal bytes (one libpng and zlib version). It holds all it shows: no script, no
/// other file, and a policy that forbids to load any. All text is escaped.
inline std::string render(const finished_run& run) {
  using page::html, page::markup;
  const std::string name = page::model_name(run);
  markup m =
      html("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
           "img-src data:\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
           "<title>Robustness of {}</title><style>{}</style></head>\n",
           name, markup{std::string(page::style_sheet)});
  m += html("<body><header><h1>Robustness of {}</h1><p class=\"verdict\">{}</p>{}</header>\n<main>", name,
            page::verdict(run), page::facts(run));
  m += page::norms_section(run);
  m += page::queries_section(run);
  m += page::summary_section(run);
  m += page::attacks_section(run);
  m += page::row_invariance_section(run);
  m += page::run_section(run);
  m += html("</main>\n<footer><p class=\"note\">Written by advx {}. All figures are in results.json beside this "
            "page.</p></footer></body></html>\n",
            run.advx);
  return m.html;
}

/// Writes folder/index.html from the files of the folder, whole or not at all.
/// @throws file_error naming file and fault
inline void write_page(const std::string& folder) {
  const std::string text = render(read_report(folder));
  data::write_file_atomically(folder + "/index.html", std::as_bytes(std::span(text)));
}

} // namespace advx::report
