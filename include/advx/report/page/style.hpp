/// @file
/// How the page looks: one style sheet for narrow and wide, light and dark, screen and paper.
#pragma once

#include <string_view>

namespace advx::report::page {

// Text has a contrast of 4.5 and more against its ground in both schemes, lines and bars of 3 and more.
inline constexpr std::string_view style_sheet = R"css(
:root{color-scheme:light dark;--ground:#fff;--sheet:#f5f6f7;--ink:#16191d;--soft:#555c66;--rule:#d9dde2;--accent:#0b57a4;
--heat:11 87 164;--warn:#8a3b00;--c0:#0b57a4;--c1:#b4420a;--c2:#00735a;--c3:#8a3684;--c4:#7a5c00;--c5:#4a4f57}
@media (prefers-color-scheme:dark){:root{--ground:#121417;--sheet:#1b1e23;--ink:#e9ebee;--soft:#a3abb6;--rule:#343a42;
--accent:#7db8f5;--heat:90 160 240;--warn:#f0a266;--c0:#7db8f5;--c1:#f59a66;--c2:#5fd0ac;--c3:#e09bdb;--c4:#e3c05b;--c5:#c3c9d1}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"DejaVu Sans",sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
header{padding-top:2.5rem}
h1,h2,h3,h4{line-height:1.25;font-weight:650;text-wrap:balance}
h1{font-size:1rem;margin:0 0 1.25rem;color:var(--soft);font-weight:600}
h2{font-size:1.375rem;margin:3.5rem 0 .5rem}
h3{font-size:1.25rem;margin:0}
h4{font-size:.9375rem;margin:0 0 .5rem}
p{margin:.5rem 0;max-width:44rem}
a{color:var(--accent);text-underline-offset:.15em}
code{font:.875em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
.verdict{font-size:clamp(1.3rem,1rem + 1.6vw,2rem);line-height:1.3;letter-spacing:-.01em;margin:0 0 2rem;max-width:52rem;
text-wrap:pretty}
.name{white-space:nowrap}
.verdict b{font-weight:650;color:var(--accent)}
.note,small{color:var(--soft);font-size:.875rem}
.warn{border-left:.25rem solid var(--warn);padding:.25rem 0 .25rem .75rem;color:var(--warn)}
dl{margin:0}
.facts{display:flex;flex-wrap:wrap;gap:1rem 2.5rem;border-top:1px solid var(--rule);border-bottom:1px solid var(--rule);
padding:1rem 0}
.facts dt,.run dt{color:var(--soft);font-size:.875rem}
.facts dd{margin:0;font-size:1.125rem;font-weight:600}
.run{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.35rem 1.5rem;margin:1rem 0}
.run{font-size:.9375rem;align-items:baseline}.run dd{margin:0}.run .note{font-size:.8125rem}
table,svg text,dd,.pair{font-variant-numeric:tabular-nums lining-nums}
.wide{overflow-x:auto;margin:1rem 0}
.wide:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{overflow-wrap:normal;border-collapse:separate;border-spacing:0;font-size:.875rem;line-height:1.25rem}
th,td{padding:.375rem .625rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:600}
thead th{color:var(--soft);vertical-align:bottom;font-weight:500}
th:first-child{text-align:left;padding-left:0}
td:last-child{padding-right:.25rem}
td small,th small{display:block}
.quantiles th,.quantiles td{padding-right:.375rem;padding-left:.375rem}.quantiles th:first-child{padding-left:0}
.summary{width:100%}
.summary th:first-child{position:sticky;left:0;background:var(--ground);padding-right:1rem;max-width:14rem;
white-space:normal;overflow-wrap:break-word}
.summary thead th{white-space:normal}.summary .word{text-align:left}
.summary .own{font-weight:650}
.summary .own small{font-weight:400}
.attack{border-top:1px solid var(--rule);padding-top:2rem;margin-top:2.5rem}
.attack:first-of-type{border-top:0;padding-top:0;margin-top:1.5rem}
.attack>p{margin-top:.25rem}
.grid{display:grid;gap:2rem 3rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));margin:1.5rem 0}
.grid>*{min-width:0}
figure{margin:0}
figure h3{font-size:1rem;margin-bottom:.5rem}
svg{display:block;width:100%;max-width:34rem;height:auto}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;fill:var(--soft)}
.rule,.base{stroke:var(--rule);fill:none}
.base{stroke:var(--soft)}
.line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
.mark{stroke:currentColor;stroke-width:1.5;fill:currentColor}
.hollow{fill:var(--ground)}
.stroke{fill:none;stroke-width:2}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}.c5{color:var(--c5)}
.d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 3}.d3{stroke-dasharray:9 3 2 3}.d4{stroke-dasharray:14 4}
.bar{fill:var(--c0)}
.legend{list-style:none;margin:.5rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;font-size:.875rem}
.legend li{display:flex;align-items:center;gap:.5rem}
.legend svg{width:44px;flex:none}
.matrix{table-layout:fixed;width:100%;max-width:34rem;min-width:calc((var(--n) + 2)*1.65rem)}
.matrix th,.matrix td{padding:.125rem .1rem;text-align:center;border:0}
.matrix th:first-child{text-align:left;width:3rem}
.matrix td{border:solid var(--rule);border-width:0 1px 1px 0}
.matrix td:nth-child(2){border-left-width:1px}.matrix tbody tr:first-child td{border-top-width:1px}
.matrix td[style]{background:rgb(var(--heat)/var(--a))}
.matrix .kept{color:var(--soft);background:var(--sheet)}
.gallery{display:grid;gap:1.5rem 2rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr));margin:1rem 0}
.triple,.pair{display:grid;grid-template-columns:repeat(3,1fr);gap:.375rem}
.triple img{width:100%;height:auto;display:block;image-rendering:pixelated;outline:1px solid var(--rule);outline-offset:-1px}
.pair{font-size:.8125rem;margin-top:.35rem}
.failed .triple img:last-child{outline:2px dashed var(--warn);outline-offset:-2px}
figcaption .note{font-size:.8125rem}
.share{display:block;height:.5rem;background:var(--sheet);outline:1px solid var(--rule);margin-top:.35rem;max-width:16rem}
.share i{display:block;height:100%;background:var(--c0)}
pre{background:var(--sheet);padding:1rem;margin:1rem 0;white-space:pre-wrap;border-left:.25rem solid var(--rule)}
footer{margin-top:4rem;padding-bottom:3rem}
@media print{:root{color-scheme:light;--ground:#fff;--sheet:#f5f6f7;--ink:#16191d;--soft:#555c66;--rule:#d9dde2;
--accent:#0b57a4;--heat:11 87 164;--warn:#8a3b00;--c0:#0b57a4;--c1:#b4420a;--c2:#00735a;--c3:#8a3684;--c4:#7a5c00;--c5:#4a4f57}
body{font-size:10pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.grid{grid-template-columns:1fr 1fr;gap:1rem 1.5rem}.gallery{display:block}
.card{display:inline-block;width:48%;margin:0 1% .75rem 0}figure,tr,.triple,.grid>*{break-inside:avoid}h2,h3,h4{break-after:avoid}.wide{overflow:visible}a{color:inherit;text-decoration:none}}
)css";

} // namespace advx::report::page
