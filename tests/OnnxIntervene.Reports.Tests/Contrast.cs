using PuppeteerSharp;

namespace OnnxIntervene.Reports.Tests;

/// <summary>Contrast of text as the browser computed its colours (WCAG 2, contrast ratio).</summary>
internal static class Contrast
{
    private const string Script = """
        () => {
          const channels = color => color.match(/[\d.]+/g).map(Number);
          const light = color => {
            const [red, green, blue] = color.map(channel => {
              const share = channel / 255;
              return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
          };
          const behind = node => {
            for (; node; node = node.parentElement) {
              const color = channels(getComputedStyle(node).backgroundColor);
              if (color.length === 3 || color[3] === 1) return color.slice(0, 3);
              if (color[3] !== 0) throw new Error(`A background shines through: ${node.outerHTML}`);
            }
            throw new Error("The page has no background.");
          };
          const ratios = [...document.querySelectorAll("body *")]
            .filter(node => !node.matches("script, noscript, noscript *, title"))
            .filter(node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()))
            .map(node => {
              const style = getComputedStyle(node);
              const ink = channels(node.ownerSVGElement ? style.fill : style.color);
              const opacity = Number(style.fillOpacity) * Number(style.opacity);
              const paper = behind(node.ownerSVGElement ?? node);
              const mixed = ink.slice(0, 3).map((channel, index) => channel * opacity + paper[index] * (1 - opacity));
              const [a, b] = [light(mixed), light(paper)];
              return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            });
          if (ratios.length < 100) throw new Error(`Only ${ratios.length} texts were found.`);
          return Math.min(...ratios);
        }
        """;

    /// <summary>The least contrast of any text on the page.</summary>
    public static Task<double> LeastAsync(IPage page) => page.EvaluateFunctionAsync<double>(Script);
}
