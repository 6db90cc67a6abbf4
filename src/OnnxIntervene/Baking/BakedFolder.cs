using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Baking;

/// <summary>Writes a baked model with what belongs beside it, once it is proved.</summary>
internal sealed class BakedFolder(IntervenableModel model, BakeRequest request)
{
    public ImmutableArray<BakeEvidence> Write(BakedModel baked, string folder, CancellationToken cancellation)
    {
        BesideModel.RefuseOwnFolder(model.File, folder);
        var beside = Beside(baked);
        var path = Baker.FileIn(folder, model);
        ImmutableArray<BakeEvidence> evidence = [];
        var copy = baked.Model.Copy();
        copy.Metadata =
        [
            .. copy.Metadata.Where(entry => entry.Key is not (BakeRecord.Key or BakeRecord.ProofKey)),
            BakeRecord.Of(model, request, baked),
        ];
        OnnxFile.Save(
            copy,
            path,
            new SaveSteps
            {
                // A link would keep what was removed.
                CopiesWeights = request.CopiesWeights || !baked.Removed.IsEmpty,
                Beside = beside,
                Check = staged =>
                {
                    evidence = new BakeProof(model, request, baked).Of(staged, Adapter(baked, staged), cancellation);
                    return [BakeRecord.Proof(evidence)];
                },
            },
            cancellation
        );
        return evidence;
    }

    private static string? Adapter(BakedModel baked, string staged) =>
        baked.Adapter.IsEmpty ? null : Path.Combine(Path.GetDirectoryName(staged)!, Baker.AdapterName);

    private Action<Stream> Configured()
    {
        var name = Path.GetFileName(BesideModel.FileIn("", model.File));
        var text = new GenAIConfiguration(model.Loaded).TextFor(name);
        return target => target.Write(Encoding.UTF8.GetBytes(text));
    }

    private ImmutableSortedDictionary<string, Action<Stream>> Smaller(
        ImmutableSortedDictionary<string, Action<Stream>> files,
        BakedModel baked
    )
    {
        var configuration = new RemovedConfiguration(
            model.Components,
            baked.Removed,
            Path.GetFileName(model.File.Path)
        );
        foreach (var name in RemovedConfiguration.FileNames.Where(files.ContainsKey))
        {
            using var stream = new MemoryStream();
            files[name](stream);
            if (configuration.Changed(name, stream.ToArray()) is { } changed)
                files = files.SetItem(name, target => target.Write(changed));
        }

        return files;
    }

    private ImmutableSortedDictionary<string, Action<Stream>> Beside(BakedModel baked)
    {
        var files = BesideModel.Of(model.File);
        if (request.ConfiguresGenAI && !files.ContainsKey(GenAIConfiguration.FileName))
            files = files.SetItem(GenAIConfiguration.FileName, Configured());
        if (!baked.Removed.IsEmpty)
            files = Smaller(files, baked);
        return baked.Adapter.IsEmpty ? files : files.SetItem(Baker.AdapterName, new OnnxAdapter(baked.Adapter).Write);
    }
}
