using PuppeteerSharp;

namespace OnnxIntervene.Reports.Tests;

/// <summary>A page in the machine's own Chromium. Nothing is downloaded.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] s_names =
    [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];

    private readonly IBrowser _browser;
    private readonly string _folder = Directory.CreateTempSubdirectory("page-").FullName;

    private Browser(IBrowser browser) => _browser = browser;

    /// <summary>What the pages said on their consoles, and what went wrong in them.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>What the pages asked for, their own files aside.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Starts the browser, or leaves the test out where there is none.</summary>
    public static async Task<Browser> StartAsync()
    {
        var path = Find();
        if (path is null)
            Assert.Ignore("There is no Chromium on this machine (apt-get install chromium): the page was not tried.");
        return new Browser(
            await Puppeteer.LaunchAsync(
                new LaunchOptions
                {
                    ExecutablePath = path,
                    Headless = true,
                    Args = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb", "--hide-scrollbars"],
                }
            )
        );
    }

    /// <summary>Opens a report's page.</summary>
    public async Task<IPage> OpenAsync(
        Report report,
        bool isDark = false,
        bool isScripted = true,
        Func<string, string>? change = null
    )
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.html");
        var html = HtmlReport.Render(report);
        await File.WriteAllTextAsync(path, change is null ? html : change(html));
        var page = await _browser.NewPageAsync();
        page.Console += (_, message) => Messages.Add($"{message.Message.Type}: {message.Message.Text}");
        page.PageError += (_, fault) => Messages.Add($"fault: {fault.Message}");
        page.Request += (_, request) => Requests.Add(request.Request.Url);
        await page.SetViewportAsync(new ViewPortOptions { Width = 1200, Height = 900 });
        await page.SetJavaScriptEnabledAsync(isScripted);
        var scheme = isDark ? "dark" : "light";
        await page.EmulateMediaFeaturesAsync([
            new() { MediaFeature = MediaFeature.PrefersColorScheme, Value = scheme },
        ]);
        await page.GoToAsync($"file://{path}");
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        await _browser.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string? Find() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .SelectMany(folder => s_names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
}
