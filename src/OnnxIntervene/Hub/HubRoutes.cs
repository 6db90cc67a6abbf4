namespace OnnxIntervene.Hub;

/// <summary>The Hub's addresses (huggingface.co/docs/hub/api).</summary>
internal sealed class HubRoutes(HubOptions options, HubReference reference)
{
    private readonly string _endpoint = options.Endpoint.AbsoluteUri.TrimEnd('/');

    public Uri Create => new($"{_endpoint}/api/repos/create");

    public Uri Branch => Of("branch");

    public Uri Revision => Of("revision");

    public Uri Preupload => Of("preupload");

    public Uri Commit => Of("commit");

    public Uri LargeFiles => new($"{_endpoint}/{reference.Repository}.git/info/lfs/objects/batch");

    /// <summary>The address that the server names, but at the endpoint, whatever host it names.</summary>
    public Uri Here(Uri target) =>
        target.Authority == options.Endpoint.Authority ? target : new($"{_endpoint}{target.PathAndQuery}");

    public Uri Tree(string commit) =>
        new($"{_endpoint}/api/models/{reference.Repository}/tree/{commit}?recursive=true");

    public Uri File(string commit, string path)
    {
        var escaped = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        return new Uri($"{_endpoint}/{reference.Repository}/resolve/{commit}/{escaped}");
    }

    private Uri Of(string verb) =>
        new($"{_endpoint}/api/models/{reference.Repository}/{verb}/{Uri.EscapeDataString(reference.Revision)}");
}
