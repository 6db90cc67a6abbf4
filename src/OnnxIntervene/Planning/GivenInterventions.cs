using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Planning;

/// <summary>Whether an intervention that is given with its parameters fits what is said beside it.</summary>
internal static class GivenInterventions
{
    /// <summary>Checks what does not depend on a run.</summary>
    /// <exception cref="InterventionException">
    /// Another kind is stated, or the parameters are for another width than the component's.
    /// </exception>
    public static void Check(RepresentationConfig representation, int width)
    {
        if (representation.Intervention is not { } given)
            return;
        if (representation.StatedType is { } stated && stated != given.Type)
            throw new InterventionException(
                $"{representation}: the kind {stated} is stated, but the intervention is of the kind {given.Type}. "
                    + "Leave the kind out, or give an intervention of it."
            );
        var wanted = given.Sizes.Width;
        if (width == 0 || wanted == 0 || wanted == width || (given.Type.FoldsUnits && wanted % width == 0))
            return;
        throw new InterventionException(
            $"{representation} is {width} wide, but the parameters of the intervention are for {wanted}. Were they "
                + "made for another component or another model?"
        );
    }
}
