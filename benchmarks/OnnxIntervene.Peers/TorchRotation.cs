using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxIntervene.Peers;

/// <summary>
/// A rotation in torch, kept orthogonal as <c>torch.nn.utils.parametrizations.orthogonal</c> keeps it, and Adam for it.
/// Owns its tensors.
/// </summary>
internal sealed class TorchRotation : IDisposable
{
    private readonly Tensor _base;
    private readonly Parameter _free;
    private readonly optim.Optimizer _optimizer;

    public TorchRotation(long width, long rank)
    {
        _base = linalg.qr(randn(width, width)).Q;
        _free = new Parameter(eye(width, rank).neg());
        _optimizer = optim.Adam([_free], 1e-3);
    }

    /// <summary>W, <c>[width, rank]</c>.</summary>
    public Tensor Weight() => _base.matmul(_free.shape[0] == _free.shape[1] ? Exponential() : Reflections());

    /// <summary>Moves the rotation against the gradient of a loss.</summary>
    public void Step(Tensor loss)
    {
        _optimizer.zero_grad();
        loss.backward();
        _optimizer.step();
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _free.Dispose();
        _base.Dispose();
    }

    private Tensor Exponential()
    {
        var lower = _free.tril(-1);
        return matrix_exp(lower - lower.t());
    }

    private Tensor Reflections()
    {
        var vectors = _free.tril(-1);
        var scales = 2.0 / (1.0 + (vectors * vectors).sum(dim: 0));
        return linalg.householder_product(_free, scales) * _free.diagonal().detach().trunc();
    }
}
