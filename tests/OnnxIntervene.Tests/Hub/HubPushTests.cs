using System.Text.Json;
using OnnxIntervene.Hub;
using OnnxIntervene.IR;
using OnnxIntervene.Testing.Servers;

namespace OnnxIntervene.Tests.Hub;

/// <summary>Pushing folders to a server on this machine.</summary>
public sealed class HubPushTests
{
    private static readonly byte[] s_model = HubBench.Bytes(300_000);

    [Test]
    public async Task Files_are_uploaded_and_committed()
    {
        using var bench = Bench(out var folder);
        var repository = bench.Hub.Add("owner/name", ("old.txt", [1]));

        var commit = await bench.PushAsync(folder, push => push with { Message = "Add a direction" });

        Assert.That(commit.Files, Is.EqualTo(new[] { "config.json", "empty.bin", "sub/model.onnx" }));
        Assert.That(commit.Commit, Is.EqualTo(repository.Commit));
        Assert.That(commit.Url, Is.EqualTo(new Uri(bench.Hub.Endpoint, $"owner/name/commit/{repository.Commit}")));
        Assert.That(repository.Messages, Is.EqualTo(new[] { "Add a direction" }));
        Assert.That(
            repository.Files.Keys,
            Is.EqualTo(new[] { "config.json", "empty.bin", "old.txt", "sub/model.onnx" })
        );
        Assert.That(repository.Files["sub/model.onnx"], Is.EqualTo(s_model));
        Assert.That(
            bench.Hub.Store.Requests.Select(request =>
                (request.Method, request.Header("Authorization"), request.Header("X-Store"))
            ),
            Is.EqualTo(new[] { ("PUT", (string?)null, "yes") })
        );
        Assert.That(bench.Hub.Asked("/verify/"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_large_file_goes_in_parts_when_the_store_wants_it_so()
    {
        using var bench = Bench(out var folder);
        bench.Hub.PartSize = 128 << 10;
        var repository = bench.Hub.Add("owner/name");

        await bench.PushAsync(folder);

        Assert.That(repository.Files["sub/model.onnx"], Is.EqualTo(s_model));
        Assert.That(
            bench.Hub.Store.Requests.Select(request => request.Body.Length),
            Is.EqualTo(new[] { 131072, 131072, 37856 })
        );
    }

    [Test]
    public async Task What_the_repository_has_is_not_uploaded_again()
    {
        using var bench = Bench(out var folder);
        var repository = bench.Hub.Add("owner/name");
        await bench.PushAsync(folder);

        var same = await bench.PushAsync(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), "{\"b\":2}");
        var changed = await bench.PushAsync(folder);

        Assert.That(same.Files, Is.Empty);
        Assert.That(changed.Files, Is.EqualTo(new[] { "config.json" }));
        Assert.That(repository.Messages, Has.Count.EqualTo(2));
        Assert.That(bench.Hub.Store.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Contents_that_the_store_has_are_only_named()
    {
        using var bench = Bench(out var folder);
        bench.Hub.Add("owner/elsewhere", ("copy.onnx", s_model));
        var repository = bench.Hub.Add("owner/name");

        await bench.PushAsync(folder);

        Assert.That(bench.Hub.Store.Requests, Is.Empty);
        Assert.That(repository.Files["sub/model.onnx"], Is.EqualTo(s_model));
    }

    [Test]
    public async Task A_repository_and_a_branch_are_made_when_it_is_asked_for()
    {
        using var bench = Bench(out var folder);
        Func<HubPush, HubPush> create = push => push with { Creates = true, IsPrivate = true };

        await bench.PushAsync(folder, create, "hf:owner/name@trial");
        File.WriteAllText(Path.Combine(folder, "later.json"), "{}");
        await bench.PushAsync(folder, create, "hf:owner/name@trial");

        var repository = bench.Hub.Repositories["owner/name"];
        Assert.That(repository.IsPrivate);
        Assert.That(repository.Branches, Is.EquivalentTo(new[] { "main", "trial" }));
        Assert.That(bench.Hub.Asked("/commit/trial"), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_path_in_the_target_is_the_folder_that_files_go_to()
    {
        using var bench = Bench(out var folder);
        var repository = bench.Hub.Add("owner/name");

        await bench.PushAsync(
            folder,
            push => push with { Filter = new HubFilter(["*.json"], []) },
            "hf:owner/name/steering"
        );

        Assert.That(repository.Files.Keys, Is.EqualTo(new[] { "steering/config.json" }));
    }

    [Test]
    public async Task What_was_pushed_can_be_pulled()
    {
        using var bench = Bench(out var folder);
        bench.Hub.Add("owner/name");

        await bench.PushAsync(folder);
        var pull = await bench.PullAsync(filter: HubFilter.All);

        Assert.That(
            pull.Files.Select(file => File.ReadAllBytes(Path.Combine(pull.Folder, file.Path)).Length),
            Is.EqualTo(new[] { 7, 0, 300_000 })
        );
    }

    [Test]
    public async Task An_upload_that_is_cut_is_sent_again_and_a_commit_is_not()
    {
        using var bench = Bench(out var folder);
        bench.Hub.Add("owner/name");
        bench.Hub.Disturb("/upload/", _ => LoopbackResponse.Empty(500));
        await bench.PushAsync(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), "{\"b\":2}");
        bench.Hub.Disturb("/commit/", _ => LoopbackResponse.Empty(500));

        Assert.That(
            async () => await bench.PushAsync(folder),
            Throws.TypeOf<HubException>().With.Message.Contains("Committing to 'owner/name'")
        );
        Assert.That(bench.Hub.Store.Requests, Has.Count.EqualTo(2));
        Assert.That(bench.Hub.Asked("/commit/"), Has.Count.EqualTo(2));
    }

    [Test]
    public void A_branch_that_moves_meanwhile_is_not_overwritten()
    {
        using var bench = Bench(out var folder);
        var repository = bench.Hub.Add("owner/name");
        bench.Hub.Disturb(
            "/preupload/",
            response =>
            {
                repository.Messages.Add("somebody else's");
                return response;
            }
        );

        Assert.That(
            async () => await bench.PushAsync(folder),
            Throws.TypeOf<HubException>().With.Message.Contains("in the meantime")
        );
        Assert.That(repository.Files, Is.Empty);
    }

    [Test]
    public void A_push_without_a_token_or_a_repository_says_what_to_do()
    {
        using var bench = Bench(out var folder);
        Assert.That(
            async () => await bench.PushAsync(folder),
            Throws
                .TypeOf<HubException>()
                .With.Message.Contains("no repository 'owner/name'")
                .And.Message.Not.Contains("hf_secret")
        );
        Assert.That(
            async () => await bench.PushAsync(bench.File("none")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no folder")
        );

        bench.Options = bench.Options with { Token = null };
        Assert.That(
            async () => await bench.PushAsync(folder),
            Throws.TypeOf<InterventionException>().With.Message.Contains("set HF_TOKEN")
        );
    }

    [TestCase("{\"objects\":[]}", "does not say where")]
    [TestCase("{\"objects\":[{\"oid\":\"OID\",\"error\":{\"code\":422,\"message\":\"too big\"}}]}", "too big")]
    [TestCase("{\"objects\":[{\"oid\":\"OID\",\"actions\":{\"upload\":{\"href\":\"file:///etc\"}}}]}", "file:///etc")]
    [TestCase(
        """{"objects":[{"oid":"OID","actions":{"upload":{"href":"http://x/","header":{"chunk_size":"0","1":"http://x/"}}}}]}""",
        "parts of 0 bytes"
    )]
    public void An_answer_that_makes_no_sense_uploads_nothing(string batch, string message)
    {
        using var bench = Bench(out var folder);
        bench.Hub.Add("owner/name");
        var body = batch.Replace("OID", HubRepositoryDouble.Hash("model.onnx", s_model), StringComparison.Ordinal);
        bench.Hub.Disturb("/objects/batch", _ => LoopbackResponse.Json(JsonSerializer.Deserialize<JsonElement>(body)));

        Assert.That(async () => await bench.PushAsync(folder), Throws.Exception.With.Message.Contains(message));
        Assert.That(bench.Hub.Store.Requests, Is.Empty);
        Assert.That(bench.Hub.Asked("/commit/"), Is.Empty);
    }

    private static HubBench Bench(out string folder)
    {
        var bench = new HubBench();
        bench.Options = bench.Options with { Token = "hf_secret" };
        folder = bench.File("work");
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        File.WriteAllText(Path.Combine(folder, "config.json"), "{\"a\":1}");
        File.WriteAllText(Path.Combine(folder, ".hidden"), "secret");
        File.WriteAllText(Path.Combine(folder, "notes.ignored"), "");
        File.WriteAllBytes(Path.Combine(folder, "empty.bin"), []);
        File.WriteAllBytes(Path.Combine(folder, "sub", "model.onnx"), s_model);
        return bench;
    }
}
