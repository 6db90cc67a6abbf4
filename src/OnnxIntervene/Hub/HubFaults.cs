namespace OnnxIntervene.Hub;

/// <summary>Says what an unsuccessful answer means, and what the user can do about it.</summary>
internal sealed class HubFaults(HubOptions options, HubReference reference)
{
    private const int LargestMessage = 2000;
    private const int LargestBody = 1 << 16;

    /// <summary>A redirect that is not followed.</summary>
    public HubException BadRedirect(HubRequest request, Uri target) =>
        new(
            $"{request.What}: {options.Endpoint} redirects to '{target.GetLeftPart(UriPartial.Path)}', too often, or "
                + "to an address that is not allowed."
        )
        {
            Url = HubException.WithoutQuery(request.Target),
        };

    /// <summary>The connection was lost, or never made.</summary>
    public static HubException Lost(HubRequest request, Exception fault, string reason) =>
        new(
            $"{request.What}: the connection to {request.Target.Authority} fails: {reason} "
                + "Check the network and HF_ENDPOINT; HF_HUB_OFFLINE=1 uses only what has been pulled.",
            fault
        )
        {
            Url = HubException.WithoutQuery(request.Target),
        };

    /// <summary>The exception for an answer.</summary>
    public async Task<HubException> OfAsync(
        HubRequest request,
        HttpResponseMessage response,
        CancellationToken cancellation
    )
    {
        var status = (int)response.StatusCode;
        var said = await ServerMessageAsync(response, cancellation);
        var meaning = Meaning(status, Header(response, "X-Error-Code"), request);
        return new HubException($"{request.What}: {meaning}{(said.Length > 0 ? $" The server says: {said}" : "")}")
        {
            Url = HubException.WithoutQuery(request.Target),
            Status = response.StatusCode,
        };
    }

    private string Meaning(int status, string code, HubRequest request) =>
        (status, code) switch
        {
            (401 or 403, "GatedRepo") =>
                $"access to '{reference.Repository}' must be requested ({status}). Visit {Page()}, accept its terms, "
                    + "and set HF_TOKEN to a token of that account.",
            (401, _) when options.Token is null =>
                $"{options.Endpoint} asks for a token (401). Set HF_TOKEN, or keep the token in the "
                    + $"file that HF_TOKEN_PATH names. "
                    + "The answer is the same for a repository that does not exist: "
                    + $"is '{reference.Repository}' its name?",
            (401, _) => $"the token is not accepted (401), or there is no repository '{reference.Repository}'. "
                + $"Make a new token at {new Uri(options.Endpoint, "/settings/tokens")} and set HF_TOKEN.",
            (403, _) =>
                $"the token does not allow this (403). Visit {Page()} to see who may; pushing needs a token that "
                    + $"may write.",
            (404, "RevisionNotFound") =>
                $"'{reference.Repository}' has no branch, tag or commit '{reference.Revision}' (404). Branches are "
                    + $"listed at {Page()}.",
            (404, "EntryNotFound") =>
                $"this file is not in '{reference.Repository}' at '{reference.Revision}' (404). Files are listed at "
                    + $"{Page()}/tree/main.",
            (404, _) => $"there is no repository '{reference.Repository}' at {options.Endpoint}, or no "
                + $"'{reference.Revision}' in it, "
                + "or it is private (404). Check the name; for a private one set HF_TOKEN.",
            (409 or 412, _) =>
                $"someone else has changed '{reference.Repository}' in the meantime ({status}). Run it again.",
            (429, _) =>
                $"{request.Target.Authority} gets too many requests (429). Try again later; a token (HF_TOKEN) allows "
                    + $"more.",
            (>= 500, _) => $"{request.Target.Authority} keeps failing ({status}). Try again "
                + $"later; what has arrived is kept.",
            _ => $"{request.Target.Authority} refuses this ({status}).",
        };

    private string Page() => new Uri(options.Endpoint, $"/{reference.Repository}").ToString();

    private static string Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.First() : "";

    private async Task<string> ServerMessageAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var said = Header(response, "X-Error-Message");
        var headers = response.Content.Headers;
        if (
            said.Length == 0
            && headers.ContentType?.MediaType == "application/json"
            && headers.ContentLength is <= LargestBody
        )
        {
            var json = await new HubBody(options, cancellation).JsonAsync(response, "The error's text");
            said = HubJson.Text(json, "error") ?? "";
        }

        // Text from a server must not move the cursor or fill the screen.
        var clean = string.Concat(said.Where(character => !char.IsControl(character)));
        return clean.Length > LargestMessage ? clean[..LargestMessage] + "…" : clean;
    }
}
