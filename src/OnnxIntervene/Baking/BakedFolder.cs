using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Baking;

/// <summary>Writes a baked model with what belongs beside it, once it is proved.</summary>
internal sealed class BakedFolder(IntervenableModel model, BakeRequest request)
{
    private const string ModelName = "model.onnx";

    public ImmutableArray<BakeEvidence> Write(BakedModel baked, string folder, CancellationToken cancellation)
    {
        var path = Target(folder);
        ImmutableArray<BakeEvidence> evidence = [];
        var copy = baked.Model.Copy();
        copy.Metadata =
        [
            .. copy.Metadata.Where(entry => entry.Key != BakeRecord.Key),
            BakeRecord.Of(model, request, baked),
        ];
        OnnxFile.Save(
            copy,
            path,
            new SaveSteps
            {
                CopiesWeights = request.CopiesWeights,
                Beside = Beside(baked),
                Check = staged =>
                    evidence = new BakeProof(model, request).Of(staged, Adapter(baked, staged), cancellation),
            },
            cancellation
        );
        return evidence;
    }

    private static string? Adapter(BakedModel baked, string staged) =>
        baked.Adapter.IsEmpty ? null : Path.Combine(Path.GetDirectoryName(staged)!, Baker.AdapterName);

    private string Target(string folder)
    {
        var path = Path.Combine(folder, ModelName);
        var own = new[] { model.File.Folder, Path.GetDirectoryName(Path.GetFullPath(model.File.Path))! };
        return own.All(other => Path.GetFullPath(other) != Path.GetFullPath(folder))
            ? path
            : throw new InterventionException(
                $"'{folder}' is the model's own folder; the model would be overwritten. Choose another."
            );
    }

    private ImmutableSortedDictionary<string, Action<Stream>> Beside(BakedModel baked)
    {
        var files = BesideModel.Of(model.File);
        return baked.Adapter.IsEmpty ? files : files.SetItem(Baker.AdapterName, new OnnxAdapter(baked.Adapter).Write);
    }
}
