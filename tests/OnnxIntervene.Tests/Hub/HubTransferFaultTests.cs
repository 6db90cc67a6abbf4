using OnnxIntervene.Hub;
using OnnxIntervene.Testing.Servers;

namespace OnnxIntervene.Tests.Hub;

/// <summary>
/// What goes wrong on the way: what passes is tried again, what does not is said, and nothing wrong is kept.
/// </summary>
public sealed class HubTransferFaultTests
{
    private static readonly byte[] s_model = HubBench.Bytes(300_000);
    private static readonly string s_hash = HubRepositoryDouble.Hash("model.onnx", s_model);

    [Test]
    public async Task A_cut_connection_is_gone_on_with_where_it_ended()
    {
        using var bench = Bench();
        bench.Hub.Disturb(
            "/storage/",
            response => response with { CutAfter = 100_000 },
            response => response with { CutAfter = 50_000 }
        );

        var pull = await bench.PullAsync();

        Assert.That(File.ReadAllBytes(Path.Combine(pull.Folder, "model.onnx")), Is.EqualTo(s_model));
        Assert.That(
            bench.Hub.Store.Requests.Select(request => request.Header("Range")),
            Is.EqualTo(new[] { null, "bytes=100000-", "bytes=150000-" })
        );
    }

    [Test]
    public async Task An_interrupted_pull_is_gone_on_with_by_the_next()
    {
        using var bench = Bench();
        bench.Options = bench.Options with { Attempts = 1 };
        bench.Hub.Disturb("/storage/", response => response with { CutAfter = 0 });
        Directory.CreateDirectory(bench.Cache("blobs"));
        File.WriteAllBytes(bench.Cache($"blobs/{s_hash}.incomplete"), s_model[..200_000]);

        Assert.That(async () => await bench.PullAsync(), Throws.TypeOf<HubException>());
        Assert.That(new FileInfo(bench.Cache($"blobs/{s_hash}.incomplete")).Length, Is.EqualTo(200_000));
        Assert.That(Directory.Exists(bench.Cache("snapshots")), Is.False);
        await bench.PullAsync();

        Assert.That(bench.Hub.Store.Requests[^1].Header("Range"), Is.EqualTo("bytes=200000-"));
        Assert.That(File.ReadAllBytes(bench.Cache($"blobs/{s_hash}")), Is.EqualTo(s_model));
        Assert.That(File.Exists(bench.Cache($"blobs/{s_hash}.incomplete")), Is.False);
    }

    [Test]
    public async Task A_server_that_knows_no_ranges_starts_again()
    {
        using var bench = Bench();
        bench.Hub.Disturb(
            "/storage/",
            response => response with { CutAfter = 100_000 },
            _ => new LoopbackResponse(200, s_model)
        );

        await bench.PullAsync();

        Assert.That(File.ReadAllBytes(bench.Cache($"blobs/{s_hash}")), Is.EqualTo(s_model));
    }

    [Test]
    public async Task A_silent_server_is_left_and_asked_again()
    {
        using var bench = Bench();
        bench.Options = bench.Options with { IdleTimeout = TimeSpan.FromSeconds(1) };
        bench.Hub.Disturb("/storage/", response => response with { CutAfter = 1000, Stalls = true });

        await bench.PullAsync();

        Assert.That(bench.Hub.Store.Requests[^1].Header("Range"), Is.EqualTo("bytes=1000-"));
    }

    [Test]
    public void Cancelling_keeps_what_has_come_and_nothing_else()
    {
        using var bench = Bench();
        bench.Hub.Disturb("/storage/", response => response with { CutAfter = 100_000, Stalls = true });
        using var cancellation = new CancellationTokenSource();
        using var client = new HubClient(bench.Options);
        var progress = new CancelAt(100_000, cancellation);

        Assert.That(
            async () =>
                await client.PullAsync(
                    HubReference.Parse("hf:owner/name"),
                    HubFilter.Model,
                    progress,
                    cancellation.Token
                ),
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That(
            Directory.GetFiles(bench.Cache(), "*", SearchOption.AllDirectories),
            Is.EqualTo(new[] { bench.Cache($"blobs/{s_hash}.incomplete") })
        );
        Assert.That(new FileInfo(bench.Cache($"blobs/{s_hash}.incomplete")).Length, Is.EqualTo(100_000));
    }

    [Test]
    public async Task A_busy_server_is_given_the_time_that_it_asks_for()
    {
        using var bench = Bench();
        bench.Hub.Disturb(
            "/revision/",
            _ => LoopbackResponse.Empty(429).With("Retry-After", "7"),
            _ => LoopbackResponse.Empty(500),
            _ => LoopbackResponse.Empty(503)
        );

        await bench.PullAsync();

        Assert.That(bench.Waits.Select(wait => wait.TotalSeconds), Is.EqualTo(new[] { 7.0, 2, 4 }));
    }

    [TestCase(429, "too many requests")]
    [TestCase(500, "keeps failing (500)")]
    [TestCase(503, "keeps failing (503)")]
    public async Task A_server_that_keeps_failing_is_given_up(int status, string message)
    {
        using var bench = Bench();
        bench.Hub.Disturb(
            "/revision/",
            [.. Enumerable.Repeat<Func<LoopbackResponse, LoopbackResponse>>(_ => LoopbackResponse.Empty(status), 9)]
        );

        var fault = (await Assert.ThrowsAsync<HubException>(() => bench.PullAsync()))!;

        Assert.That(fault.Message, Does.Contain(message));
        Assert.That(fault.Status, Is.EqualTo((System.Net.HttpStatusCode)status));
        Assert.That(fault.Url!.AbsolutePath, Does.Contain("/revision/"));
        Assert.That(bench.Hub.Requests, Has.Count.EqualTo(5));
    }

    [Test]
    public void A_hub_that_cannot_be_reached_is_named()
    {
        using var bench = new HubBench();
        bench.Options = bench.Options with { Endpoint = new Uri("http://127.0.0.1:1") };

        Assert.That(
            async () => await bench.PullAsync(),
            Throws
                .TypeOf<HubException>()
                .With.Message.Contains("127.0.0.1:1")
                .And.Message.Contains("HF_HUB_OFFLINE=1")
                .And.Property(nameof(HubException.Status))
                .Null
        );
    }

    [Test]
    public void Contents_of_another_hash_are_deleted()
    {
        using var bench = Bench();
        bench.Hub.Disturb("/storage/", response => response with { Body = HubBench.Bytes(300_000, seed: 1) });

        Assert.That(
            async () => await bench.PullAsync(),
            Throws.TypeOf<HubException>().With.Message.Contains("'model.onnx'").And.Message.Contains(s_hash)
        );
        Assert.That(Directory.GetFiles(bench.Cache("blobs")), Is.Empty);
        Assert.That(Directory.Exists(bench.Cache("refs")), Is.False);
    }

    [TestCase(299_999)]
    [TestCase(300_001)]
    public void Contents_of_another_size_are_deleted(int size)
    {
        using var bench = Bench();
        bench.Hub.Disturb("/storage/", response => response with { Body = HubBench.Bytes(size) });

        Assert.That(
            async () => await bench.PullAsync(),
            Throws.TypeOf<HubException>().With.Message.Contains($"{size} bytes").And.Message.Contains("300000")
        );
        Assert.That(Directory.GetFiles(bench.Cache("blobs")), Is.Empty);
    }

    [TestCase("../escape.json")]
    [TestCase("/etc/escape.json")]
    [TestCase("a\\..\\escape.json")]
    [TestCase("nul.json")]
    public void A_list_with_a_path_that_leaves_the_folder_is_refused_before_anything_is_fetched(string path)
    {
        using var bench = Bench();
        bench.Hub.Add("owner/name", (path, "{}"u8.ToArray()));

        Assert.That(async () => await bench.PullAsync(), Throws.TypeOf<HubException>().With.Message.Contains(path));
        Assert.That(bench.Hub.Asked("/resolve/"), Is.Empty);
    }

    [Test]
    public void What_the_disk_cannot_hold_is_refused_before_anything_is_fetched()
    {
        using var bench = Bench();
        bench.Hub.Repositories["owner/name"].ListedSizes["model.onnx"] = 1L << 50;

        Assert.That(
            async () => await bench.PullAsync(),
            Throws.TypeOf<IOException>().With.Message.Contains("1125899906842624 bytes")
        );
        Assert.That(bench.Hub.Asked("/resolve/"), Is.Empty);
    }

    [TestCase("[]", "names no commit")]
    [TestCase("{\"sha\":\"../../etc\"}", "names no commit")]
    [TestCase("<html>", "not JSON")]
    public void An_answer_that_is_no_hubs_is_refused(string body, string message)
    {
        using var bench = Bench();
        bench.Hub.Disturb("/revision/", _ => new LoopbackResponse(200, System.Text.Encoding.UTF8.GetBytes(body)));

        Assert.That(
            async () => await bench.PullAsync(),
            Throws.TypeOf<HubException>().With.Message.Contains(message).And.Message.Contains("HF_ENDPOINT")
        );
    }

    [TestCase("{\"type\":\"file\",\"path\":\"a.json\",\"oid\":\"../../x\",\"size\":1}", "no hash")]
    [TestCase(
        "{\"type\":\"file\",\"path\":\"a.json\",\"oid\":\"9e26dfeeb6e641a33dae4961196235bdb965b21b\",\"size\":-1}",
        "no size"
    )]
    [TestCase(
        "{\"type\":\"file\",\"path\":\"\\ud800\",\"oid\":\"9e26dfeeb6e641a33dae4961196235bdb965b21b\",\"size\":1}",
        "not valid Unicode, at $[0].path"
    )]
    [TestCase(
        "{\"type\":\"file\",\"path\":\"a.json\",\"oid\":\"9e26dfeeb6e641a33dae4961196235bdb965b21b\",\"size\":\"1\"}",
        "no size"
    )]
    [TestCase(
        """{"type":"file","path":"a","oid":"9e26dfeeb6e641a33dae4961196235bdb965b21b","size":1},{"type":"file","path":"a","oid":"9e26dfeeb6e641a33dae4961196235bdb965b21b","size":1}""",
        "twice"
    )]
    [TestCase("{\"type\":\"file\",\"oid\":\"9e26dfeeb6e641a33dae4961196235bdb965b21b\",\"size\":1}", "without a path")]
    public void A_list_that_is_none_is_refused(string entry, string message)
    {
        using var bench = Bench();
        bench.Hub.Disturb("/tree/", _ => new LoopbackResponse(200, System.Text.Encoding.UTF8.GetBytes($"[{entry}]")));

        Assert.That(async () => await bench.PullAsync(), Throws.TypeOf<HubException>().With.Message.Contains(message));
    }

    [Test]
    public async Task A_list_that_goes_on_at_another_host_is_asked_of_this_one()
    {
        using var bench = Bench();
        bench.Hub.Disturb(
            "/tree/",
            response => response.With("Link", "<http://example.invalid/next?cursor=x>; rel=\"next\"")
        );
        bench.Hub.Disturb("/next", _ => new LoopbackResponse(200, "[]"u8.ToArray()));

        await bench.PullAsync();

        Assert.That(bench.Hub.Asked("/next?cursor=x"), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_range_that_the_server_does_not_have_deletes_what_has_come()
    {
        using var bench = Bench();
        bench.Hub.Disturb("/storage/", response => response with { CutAfter = 100 }, _ => LoopbackResponse.Empty(416));

        Assert.That(
            async () => await bench.PullAsync(),
            Throws.TypeOf<HubException>().With.Message.Contains("pull again")
        );
        Assert.That(Directory.GetFiles(bench.Cache("blobs")), Is.Empty);
    }

    [Test]
    public void Redirects_without_end_are_left()
    {
        using var bench = Bench();
        bench.Hub.Disturb(
            "/storage/",
            [
                .. Enumerable.Repeat<Func<LoopbackResponse, LoopbackResponse>>(
                    _ => LoopbackResponse.Empty(302).With("Location", $"/storage/{s_hash}"),
                    20
                ),
            ]
        );

        Assert.That(
            async () => await bench.PullAsync(),
            Throws.TypeOf<HubException>().With.Message.Contains("redirects")
        );
        Assert.That(bench.Hub.Store.Requests, Has.Count.LessThan(10));
    }

    [TestCase("hf:owner/none", null, "asks for a token")]
    [TestCase("hf:owner/none", "hf_x", "no repository 'owner/none'")]
    [TestCase("hf:owner/name@none", null, "no branch, tag or commit 'none'")]
    [TestCase("hf:owner/secret", null, "HF_TOKEN")]
    [TestCase("hf:owner/secret", "hf_wrong", "the token is not accepted")]
    [TestCase("hf:owner/gated", "hf_x", "/owner/gated, accept its terms")]
    public void A_refusal_says_what_to_do(string reference, string? token, string message)
    {
        using var bench = Bench();
        bench.Options = bench.Options with { Token = token };
        bench.Hub.Add("owner/secret", ("model.onnx", s_model)).Token = "hf_right";
        bench.Hub.Add("owner/gated", ("model.onnx", s_model)).IsGated = true;

        Assert.That(
            async () => await bench.PullAsync(reference),
            Throws
                .TypeOf<HubException>()
                .With.Message.Contains(message)
                .And.Message.Not.Contains("hf_wrong")
                .And.Message.Contains("The server says:")
        );
        Assert.That(bench.Waits, Is.Empty);
    }

    [Test]
    public void A_file_that_has_gone_is_named()
    {
        using var bench = Bench();
        bench.Hub.Disturb("/resolve/", _ => LoopbackResponse.Empty(404).With("X-Error-Code", "EntryNotFound"));

        Assert.That(
            async () => await bench.PullAsync(),
            Throws
                .TypeOf<HubException>()
                .With.Message.Contains("'model.onnx'")
                .And.Message.Contains("not in 'owner/name'")
        );
    }

    private static HubBench Bench()
    {
        var bench = new HubBench();
        bench.Hub.Add("owner/name", ("model.onnx", s_model));
        return bench;
    }

    private sealed class CancelAt(long bytes, CancellationTokenSource cancellation) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            if (value.Done >= bytes)
                cancellation.Cancel();
        }
    }
}
