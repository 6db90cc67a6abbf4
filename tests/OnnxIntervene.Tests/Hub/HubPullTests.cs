using OnnxIntervene.Hub;
using OnnxIntervene.IR;
using OnnxIntervene.Testing.Servers;

namespace OnnxIntervene.Tests.Hub;

/// <summary>Pulling into the cache and into folders, from a server on this machine.</summary>
public sealed class HubPullTests
{
    private static readonly byte[] s_model = HubBench.Bytes(300_000);
    private static readonly byte[] s_config = "{}"u8.ToArray();

    [Test]
    public async Task The_cache_has_the_layout_that_all_libraries_share()
    {
        using var bench = new HubBench();
        var repository = bench.Hub.Add(
            "owner/name",
            ("onnx/model.onnx", s_model),
            ("config.json", s_config),
            ("run.py", s_config)
        );

        var pull = await bench.PullAsync();

        var snapshot = bench.Cache($"snapshots/{repository.Commit}");
        Assert.That(pull.Folder, Is.EqualTo(snapshot));
        Assert.That(pull.Files.Select(file => file.Path), Is.EqualTo(new[] { "config.json", "onnx/model.onnx" }));
        Assert.That(File.ReadAllText(bench.Cache("refs/main")), Is.EqualTo(repository.Commit));
        Assert.That(
            new FileInfo(Path.Combine(snapshot, "onnx/model.onnx")).LinkTarget,
            Is.EqualTo($"../../../blobs/{HubRepositoryDouble.Hash("model.onnx", s_model)}")
        );
        Assert.That(
            new FileInfo(Path.Combine(snapshot, "config.json")).LinkTarget,
            Is.EqualTo("../../blobs/9e26dfeeb6e641a33dae4961196235bdb965b21b")
        );
        Assert.That(File.ReadAllBytes(Path.Combine(snapshot, "onnx/model.onnx")), Is.EqualTo(s_model));
        Assert.That(Directory.GetFiles(bench.Cache("blobs")), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task What_is_there_is_not_fetched_again()
    {
        using var bench = new HubBench();
        bench.Hub.Add("owner/name", ("model.onnx", s_model), ("config.json", s_config));

        var first = await bench.PullAsync();
        var second = await bench.PullAsync();

        Assert.That((first.Downloaded, second.Downloaded), Is.EqualTo((2, 0)));
        Assert.That(bench.Hub.Store.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_branch_that_has_moved_fetches_only_what_changed()
    {
        using var bench = new HubBench();
        var repository = bench.Hub.Add("owner/name", ("model.onnx", s_model), ("config.json", s_config));
        var first = await bench.PullAsync();
        repository.Messages.Add("later");
        bench.Hub.Add("owner/name", ("config.json", "{\"a\":1}"u8.ToArray()));

        var second = await bench.PullAsync();

        Assert.That(second.Downloaded, Is.EqualTo(1));
        Assert.That(File.ReadAllText(Path.Combine(second.Folder, "config.json")), Is.EqualTo("{\"a\":1}"));
        Assert.That(File.ReadAllText(Path.Combine(first.Folder, "config.json")), Is.EqualTo("{}"));
        Assert.That(File.ReadAllText(bench.Cache("refs/main")), Is.EqualTo(second.Commit));
    }

    [Test]
    public async Task The_list_is_read_page_by_page()
    {
        using var bench = new HubBench();
        bench.Hub.PageSize = 2;
        bench.Hub.Add(
            "owner/name",
            [.. Enumerable.Range(0, 7).Select(index => ($"{index}.json", HubBench.Bytes(10, index)))]
        );

        var pull = await bench.PullAsync();

        Assert.That(pull.Files, Has.Length.EqualTo(7));
        Assert.That(bench.Hub.Asked("/tree/"), Has.Count.EqualTo(4));
    }

    [Test]
    public async Task The_token_goes_to_the_hub_and_to_no_other_host()
    {
        using var bench = new HubBench();
        bench.Options = bench.Options with { Token = "hf_secret" };
        bench.Hub.Add("owner/name", ("model.onnx", s_model), ("config.json", s_config)).Token = "hf_secret";

        await bench.PullAsync();

        Assert.That(
            bench.Hub.Requests.Select(request => request.Header("Authorization")),
            Is.All.EqualTo("Bearer hf_secret")
        );
        Assert.That(bench.Hub.Store.Requests.Select(request => request.Header("Authorization")), Is.All.Null);
        Assert.That(bench.Hub.Store.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task The_token_does_not_come_back_after_a_foreign_redirect()
    {
        using var bench = new HubBench();
        bench.Options = bench.Options with { Token = "hf_secret" };
        bench.Hub.Add("owner/name", ("model.onnx", s_model));
        bench.Hub.Disturb("/storage/", _ => LoopbackResponse.Empty(302).With("Location", $"{bench.Hub.Endpoint}back"));
        bench.Hub.Disturb("/back", _ => new LoopbackResponse(200, s_model));

        await bench.PullAsync();

        Assert.That(bench.Hub.Asked("/back")[0].Header("Authorization"), Is.Null);
    }

    [Test]
    public async Task A_renamed_repository_is_followed()
    {
        using var bench = new HubBench();
        bench.Hub.Add("owner/name", ("model.onnx", s_model));
        bench.Hub.Disturb(
            "/api/models/old/name/revision",
            _ => LoopbackResponse.Empty(307).With("Location", "/api/models/owner/name/revision/main")
        );
        bench.Hub.Disturb(
            "/api/models/old/name/tree",
            _ =>
                LoopbackResponse
                    .Empty(307)
                    .With("Location", $"/api/models/owner/name/tree/{bench.Hub.Repositories["owner/name"].Commit}")
        );
        bench.Hub.Disturb("/old/name/resolve", _ => new LoopbackResponse(200, s_model));

        Assert.That((await bench.PullAsync("hf:old/name")).Downloaded, Is.EqualTo(1));
    }

    [Test]
    public async Task A_revision_with_slashes_is_one_word_of_an_address()
    {
        using var bench = new HubBench();
        var repository = bench.Hub.Add("owner/name", ("model.onnx", s_model));
        repository.Branches.Add("refs/pr/1");

        await bench.PullAsync("hf:owner/name@refs/pr/1");

        Assert.That(bench.Hub.Asked("/revision/refs%2Fpr%2F1"), Has.Count.EqualTo(1));
        Assert.That(File.ReadAllText(bench.Cache("refs/refs/pr/1")), Is.EqualTo(repository.Commit));
    }

    [Test]
    public async Task Patterns_and_a_path_choose_the_files()
    {
        using var bench = new HubBench();
        bench.Hub.Add(
            "owner/name",
            ("a/x.json", s_config),
            ("a/y.json", s_config),
            ("b.json", s_config),
            ("run.py", s_config)
        );

        var folder = await bench.PullAsync("hf:owner/name/a", new HubFilter(["*"], ["*y.json"]));
        var file = await bench.PullAsync("hf:owner/name/run.py");

        Assert.That(folder.Files.Select(item => item.Path), Is.EqualTo(new[] { "a/x.json" }));
        Assert.That(file.Files.Select(item => item.Path), Is.EqualTo(new[] { "run.py" }));
        Assert.That(
            async () => await bench.PullAsync(filter: new HubFilter(["*.zip"], [])),
            Throws.TypeOf<InterventionException>().With.Message.Contains("--include")
        );
    }

    [Test]
    public async Task A_folder_gets_real_files()
    {
        using var bench = new HubBench();
        bench.Hub.Add("owner/name", ("onnx/model.onnx", s_model), ("config.json", s_config));

        var pull = await bench.PullAsync(to: bench.File("out"));

        Assert.That(pull.Folder, Is.EqualTo(bench.File("out")));
        Assert.That(new FileInfo(bench.File("out/onnx/model.onnx")).LinkTarget, Is.Null);
        Assert.That(File.ReadAllBytes(bench.File("out/onnx/model.onnx")), Is.EqualTo(s_model));
        Assert.That(Directory.GetFiles(bench.File("out"), "*", SearchOption.AllDirectories), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task Without_links_the_snapshot_holds_copies()
    {
        using var bench = new HubBench();
        bench.Options = bench.Options with { UsesLinks = false };
        bench.Hub.Add("owner/name", ("model.onnx", s_model));

        var pull = await bench.PullAsync();

        Assert.That(new FileInfo(Path.Combine(pull.Folder, "model.onnx")).LinkTarget, Is.Null);
        Assert.That(File.ReadAllBytes(Path.Combine(pull.Folder, "model.onnx")), Is.EqualTo(s_model));
    }

    [Test]
    public async Task Offline_the_cache_alone_is_used()
    {
        using var bench = new HubBench();
        var repository = bench.Hub.Add("owner/name", ("model.onnx", s_model), ("config.json", s_config));
        await bench.PullAsync();
        var asked = bench.Hub.Requests.Count;
        bench.Options = bench.Options with { IsOffline = true };

        var branch = await bench.PullAsync();
        var commit = await bench.PullAsync($"hf:owner/name@{repository.Commit}");

        Assert.That(
            branch.Files.Select(file => (file.Path, file.Size)),
            Is.EqualTo(new[] { ("config.json", 2L), ("model.onnx", 300_000L) })
        );
        Assert.That(commit.Folder, Is.EqualTo(branch.Folder));
        Assert.That(bench.Hub.Requests, Has.Count.EqualTo(asked));
        Assert.That(
            async () => await bench.PullAsync("hf:owner/other"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("HF_HUB_OFFLINE")
        );
        Assert.That(
            async () => await bench.PushAsync(bench.File("cache")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("HF_HUB_OFFLINE")
        );
    }
}
