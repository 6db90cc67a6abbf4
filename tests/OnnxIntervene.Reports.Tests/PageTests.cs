using OnnxIntervene.Reports.Figures;
using PuppeteerSharp;

namespace OnnxIntervene.Reports.Tests;

/// <summary>The page as a reader has it, in a browser.</summary>
public sealed class PageTests
{
    private const string Heatmap = "figure[data-figure='0']";
    private const string Stack = "figure[data-figure='1']";
    private const string Lines = "figure[data-figure='2']";
    private const string Attention = "figure[data-figure='3']";
    private const string Graph = "figure[data-figure='4']";

    private Browser _browser = null!;

    [OneTimeSetUp]
    public async Task Start() => _browser = await Browser.StartAsync();

    [OneTimeTearDown]
    public async Task Close()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
    }

    [SetUp]
    public void Forget()
    {
        _browser.Messages.Clear();
        _browser.Requests.Clear();
    }

    [TearDown]
    public void Nothing_was_said_on_the_console_and_nothing_was_loaded()
    {
        Assert.That(_browser.Messages, Is.Empty);
        Assert.That(_browser.Requests, Has.All.StartsWith("file://").Or.StartsWith("data:"));
    }

    [Test]
    public async Task Pointing_at_a_cell_says_its_token_its_layer_and_its_number_with_error_and_count()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        var heatmap = SampleReports.Patched();
        var canvas = await page.QuerySelectorAsync($"{Heatmap} canvas");
        await canvas.ScrollIntoViewAsync();
        var area = await canvas.BoundingBoxAsync();

        await page.Mouse.MoveAsync(area.X + (area.Width * 3.5m / 12), area.Y + (area.Height * 10.5m / 15));

        Assert.That(
            await Text(page, $"{Heatmap} .readout"),
            Is.EqualTo($"Token 10 “ John”, Layer 3, normalised logit difference: {heatmap[10, 3]:G4} ± 0.072 (n = 64)")
        );
        Assert.That(await Text(page, $"{Heatmap} .tooltip"), Does.StartWith("Token 10 “ John”\nLayer 3\n"));
    }

    [Test]
    public async Task Arrow_keys_move_from_cell_to_cell_and_stop_at_the_edges()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        await page.FocusAsync($"{Heatmap} .stage");
        var first = await Text(page, $"{Heatmap} .readout");
        await Press(page, "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp");
        var moved = await Text(page, $"{Heatmap} .readout");
        await Press(page, "PageDown", "End", "ArrowRight", "ArrowDown");

        Assert.That(first, Does.StartWith("Token 0 “<|endoftext|>”, Layer 0,"));
        Assert.That(moved, Does.StartWith("Token 1 “When”, Layer 1,"));
        Assert.That(await Text(page, $"{Heatmap} .readout"), Does.StartWith("Token 14 “ to”, Layer 11,"));
    }

    [Test]
    public async Task Cells_have_the_colors_of_the_pictures_and_those_below_the_threshold_none()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        var heatmap = SampleReports.Patched();

        var before = await Pixels(page);
        await Slide(page, $"{Heatmap} input[type=range]", 50);
        var after = await Pixels(page);

        var threshold = heatmap.Values.Max(Math.Abs) / 2;
        for (var index = 0; index < heatmap.Values.Length; index++)
        {
            var color = heatmap.Scale.At(heatmap.Values[index]);
            Assert.That(Differs(before[(4 * index)..], color), Is.LessThanOrEqualTo(1), $"{index}");
            Assert.That(after[(4 * index) + 3], Is.EqualTo(Math.Abs(heatmap.Values[index]) < threshold ? 0 : 255));
        }
    }

    [Test]
    public async Task Rows_and_columns_are_sorted_by_value_and_back()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        var selects = await page.QuerySelectorAllAsync($"{Heatmap} select");
        var labels = await Labels(page, Heatmap);

        await selects[0].SelectAsync("1");
        await selects[1].SelectAsync("1");
        var sorted = await Labels(page, Heatmap);
        await page.FocusAsync($"{Heatmap} .stage");
        var first = await Text(page, $"{Heatmap} .readout");
        await page.ClickAsync($"{Heatmap} button");

        var heatmap = SampleReports.Patched();
        var rows = Enumerable
            .Range(0, 15)
            .OrderByDescending(row => Enumerable.Range(0, 12).Average(c => heatmap[row, c]));
        Assert.That(
            sorted[..15].Select(label => label.TrimStart('·').TrimEnd('*')),
            Is.EqualTo(rows.Select(row => heatmap.RowLabels[row].Trim()))
        );
        Assert.That(sorted[15], Is.Not.EqualTo("0"));
        Assert.That(first, Does.StartWith($"Token 10 “ John”, Layer {sorted[15]},"));
        Assert.That(await Labels(page, Heatmap), Is.EqualTo(labels));
    }

    [Test]
    public async Task A_heatmap_is_chosen_from_its_stack()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        var selects = await page.QuerySelectorAllAsync($"{Stack} select");
        await selects[0].SelectAsync("1");
        await selects[1].SelectAsync("2");
        await page.FocusAsync($"{Stack} .stage");
        await Press(page, "PageDown", "End");

        var value = SampleReports.Heads().Slices[6][14, 11];
        var shown = value.ToString("G6", System.Globalization.CultureInfo.InvariantCulture).Replace('-', '−');
        Assert.That(
            await Text(page, $"{Stack} .readout"),
            Is.EqualTo($"Token 14 “ to”, Layer 11, probability: {shown}")
        );
    }

    [Test]
    public async Task Lines_are_read_along_the_axis_and_hidden_by_their_boxes()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        await page.FocusAsync($"{Lines} .stage");
        await Press(page, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight");
        var all = await Text(page, $"{Lines} .readout");
        await page.ClickAsync($"{Lines} label:nth-of-type(2) input");

        Assert.That(
            all,
            Is.EqualTo(
                "Layer 5, clean: 0.225 ± 0.13 (n = 64), corrupt: −0.325 ± 0.13 (n = 64), "
                    + "clean, head 9.9 removed: not measured"
            )
        );
        Assert.That(await Text(page, $"{Lines} .readout"), Does.Not.Contain("corrupt"));
        Assert.That(
            await Evaluate<string>(page, $"{Lines} .series-1", "getComputedStyle(node).display"),
            Is.EqualTo("none")
        );
    }

    [Test]
    public async Task A_nodes_edges_are_listed_and_all_others_stand_back()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        await page.FocusAsync($"{Graph} .stage");
        await Press(page, "ArrowRight", "ArrowRight");

        Assert.That(
            await Text(page, $"{Graph} .readout"),
            Is.EqualTo("a0.3. embedding → a0.3.query: -3.2, embedding → a0.3.key: 0.4, a0.3 → m0: -2.5")
        );
        Assert.That(await Evaluate<string>(page, $"{Graph} .edge-0", "node.style.opacity"), Is.Empty);
        Assert.That(await Evaluate<string>(page, $"{Graph} .edge-4", "node.style.opacity"), Is.EqualTo("0.12"));
    }

    [Test]
    public async Task A_head_is_chosen_in_the_grid_and_its_tokens_say_what_they_attend_to()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        await page.FocusAsync($"{Attention} .heads > div:first-child .stage");
        await Press(page, "PageDown", "End");
        await page.FocusAsync($"{Attention} .text");
        await Press(page, "Home", "ArrowRight", "ArrowRight");
        var third = await Text(page, $"{Attention} > .readout");
        await page.FocusAsync($"{Attention} .heads > div:last-child .stage");
        await Press(page, "ArrowDown");

        var weights = SampleReports.Attention().Patterns[143].Weights;
        var (most, least) = weights[15] > weights[16] ? (15, 16) : (16, 15);
        Assert.That(await Text(page, $"{Attention} .heads > div:last-child h3"), Is.EqualTo("Layer 11, Head 11"));
        Assert.That(third, Does.StartWith("“ Mary” (2) attends to"));
        Assert.That(
            await Text(page, $"{Attention} > .readout"),
            Does.StartWith($"“When” (1) attends to “{Token(most)}” ({most - 15}) {weights[most]:G3}, “{Token(least)}”")
        );
        Assert.That(
            await Text(page, $"{Attention} .heads > div:last-child .readout"),
            Is.EqualTo($"Query 1 “When”, Key 0 “<|endoftext|>”, attention: {weights[15]:G6}")
        );

        static string Token(int index) => index == 15 ? "<|endoftext|>" : "When";
    }

    [Test]
    public async Task The_head_with_the_largest_score_comes_first_and_passing_by_with_the_keyboard_keeps_it()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());
        var before = await Text(page, $"{Attention} .heads > div:last-child h3");
        await page.FocusAsync($"{Attention} .heads > div:first-child .stage");

        await page.ClickAsync($"{Attention} .heads > div:last-child summary");
        await Slide(page, $"{Attention} .heads > div:last-child input[type=range]", 100);
        var limit = await Text(page, $"{Attention} .heads > div:last-child output");

        Assert.That(before, Is.EqualTo("Layer 1, Head 2"));
        Assert.That(limit, Is.EqualTo("|attention| < 1"));
        Assert.That(await Text(page, $"{Attention} .heads > div:last-child h3"), Is.EqualTo(before));
    }

    [Test]
    public async Task A_cell_that_was_not_measured_is_gray_says_so_and_comes_last()
    {
        var values = SampleReports.Patched().Values.SetItem(0, double.NaN);
        var grid = SampleReports.Patched() with { Values = values };
        await using var page = await _browser.OpenAsync(SampleReports.Realistic() with { Heatmaps = [new("a", grid)] });
        await page.FocusAsync($"{Heatmap} .stage");
        var said = await Text(page, $"{Heatmap} .readout");
        await (await page.QuerySelectorAllAsync($"{Heatmap} select"))[0].SelectAsync("4");

        Assert.That(said, Does.EndWith("normalised logit difference: not measured"));
        Assert.That((await Labels(page, Heatmap))[14], Is.EqualTo("<|endoftext|>"));
        Assert.That(Differs((await Pixels(page))[(14 * 12 * 4)..], ColorScale.Missing), Is.Zero);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task All_text_can_be_read_in_both_themes_and_the_button_changes_them(bool isDark)
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic(), isDark);

        Assert.That(await IsDark(page), Is.EqualTo(isDark));
        Assert.That(await Contrast.LeastAsync(page), Is.GreaterThanOrEqualTo(4.5));

        await page.ClickAsync("button.theme");

        Assert.That(await IsDark(page), Is.EqualTo(!isDark));
        Assert.That(await Contrast.LeastAsync(page), Is.GreaterThanOrEqualTo(4.5));
    }

    [Test]
    public async Task Text_from_a_model_stays_text()
    {
        const string Hostile = "</script><img src=x onerror=\"document.title='run'\"><!--";
        var report = SampleReports.Realistic();
        var grid = SampleReports.Patched() with
        {
            RowLabels = [.. Enumerable.Repeat(Hostile, 15)],
            ValueLabel = Hostile,
        };
        var lines = SampleReports.Layers();
        lines = lines with { Title = Hostile, Series = [lines.Series[0] with { Name = Hostile }, lines.Series[1]] };
        var attention = SampleReports.Attention() with { Tokens = [.. Enumerable.Repeat(Hostile, 15)] };

        await using var page = await _browser.OpenAsync(
            report with
            {
                Title = Hostile,
                Heatmaps = [new("a", grid)],
                Figures = [new("b", lines), new("c", attention)],
                Json = $"[\"{Hostile.Replace("\"", "\\\"", StringComparison.Ordinal)}\"]",
            }
        );
        await page.FocusAsync($"{Heatmap} .stage");

        Assert.That(
            await Text(page, $"{Heatmap} .readout"),
            Does.StartWith($"Token 0 “{Hostile}”, Layer 0, {Hostile}")
        );
        Assert.That(await page.QuerySelectorAllAsync("img"), Is.Empty);
        Assert.That(await page.GetTitleAsync(), Is.EqualTo(Hostile));
        Assert.That(await Text(page, "figure[data-figure='2'] .token"), Is.EqualTo(Hostile));
    }

    [Test]
    public async Task Every_control_has_a_name_and_takes_the_keyboard()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic());

        var nameless = await page.EvaluateExpressionAsync<string[]>(
            """
            [...document.querySelectorAll("select, input, button, [tabindex]")]
              .filter(node => !(node.ariaLabel || node.textContent.trim() && node.matches("button") || node.labels?.length))
              .map(node => node.outerHTML)
            """
        );
        var unreachable = await page.EvaluateExpressionAsync<int>(
            """
            [...document.querySelectorAll("select, input, button, .stage, .text")]
              .filter(node => node.tabIndex < 0).length
            """
        );

        Assert.That(nameless, Is.Empty);
        Assert.That(unreachable, Is.Zero);
    }

    [Test]
    public async Task A_page_of_the_largest_grids_is_below_two_megabytes_and_opens()
    {
        var report = SampleReports.Large();
        Assert.That(System.Text.Encoding.UTF8.GetByteCount(HtmlReport.Render(report)), Is.LessThan(2_000_000));

        await using var page = await _browser.OpenAsync(report);
        await page.FocusAsync("figure[data-figure='2'] .stage");
        await Press(page, "PageDown", "End");

        Assert.That(
            await Text(page, "figure[data-figure='2'] .readout"),
            Does.StartWith("Token 99 “ token99”, Layer 47, normalised logit difference:")
        );
    }

    [Test]
    public async Task Without_a_script_the_page_shows_still_pictures()
    {
        await using var page = await _browser.OpenAsync(SampleReports.Realistic(), isScripted: false);

        var pictures = await page.QuerySelectorAllAsync("figure svg");
        Assert.That(pictures, Has.Length.EqualTo(5));
        foreach (var picture in pictures)
            Assert.That((await picture.BoundingBoxAsync()).Height, Is.GreaterThan(100));
    }

    [Test]
    public async Task A_page_that_is_changed_is_not_run()
    {
        await using var page = await _browser.OpenAsync(
            SampleReports.Realistic(),
            change: html => html.Replace("startTheme();", "startTheme( );", StringComparison.Ordinal)
        );

        Assert.That(await page.QuerySelectorAllAsync("button"), Is.Empty);
        Assert.That(_browser.Messages, Has.Some.Contains("Content Security Policy"));
        _browser.Messages.Clear();
    }

    private static async Task<string> Text(IPage page, string selector) =>
        await Evaluate<string>(page, selector, "node.textContent");

    private static Task<T> Evaluate<T>(IPage page, string selector, string expression) =>
        page.EvaluateFunctionAsync<T>(
            $"selector => {{ const node = document.querySelector(selector); return {expression}; }}",
            selector
        );

    private static async Task Press(IPage page, params string[] keys)
    {
        foreach (var key in keys)
            await page.Keyboard.PressAsync(key);
    }

    private static Task<string[]> Labels(IPage page, string figure) =>
        Evaluate<string[]>(
            page,
            figure,
            "[...node.querySelectorAll('svg text')].slice(0, 27).map(text => text.textContent)"
        );

    private static Task<int[]> Pixels(IPage page) =>
        Evaluate<int[]>(
            page,
            $"{Heatmap} canvas",
            "[...node.getContext('2d').getImageData(0, 0, node.width, node.height).data]"
        );

    private static Task<bool> Slide(IPage page, string selector, int value) =>
        Evaluate<bool>(page, selector, $"(node.value = {value}, node.dispatchEvent(new Event('input')))");

    private static int Differs(int[] pixel, RgbColor color) =>
        Math.Max(
            Math.Abs(pixel[0] - color.Red),
            Math.Max(Math.Abs(pixel[1] - color.Green), Math.Abs(pixel[2] - color.Blue))
        );

    private static async Task<bool> IsDark(IPage page) =>
        await Evaluate<string>(page, "html", "getComputedStyle(node).colorScheme") == "dark";
}
