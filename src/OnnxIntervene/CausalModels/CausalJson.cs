using System.Text.Json;
using OnnxIntervene.Json;

namespace OnnxIntervene.CausalModels;

/// <summary>Values and settings of causal models as JSON has them.</summary>
internal static class CausalJson
{
    /// <summary>True, false, a number, a text, or a list of numbers.</summary>
    public static CausalValue Value(JsonPlace place) =>
        place.IsTrue || place.IsFalse ? CausalValue.FromTruth(place.IsTrue)
        : place.IsNumber ? CausalValue.FromNumber(place.Number())
        : place.IsText ? CausalValue.FromText(place.Text())
        : place.IsList && place.Count > 0 ? CausalValue.FromVector(place.Items().Select(item => item.Single()))
        : throw place.Expected("true, false, a number, a text or a list of numbers");

    /// <summary>An object of variables and their values.</summary>
    public static CausalSetting Setting(JsonPlace place) =>
        CausalSetting.Of(place.Members("an object of variables and values").Select(item => (item.Name, Value(item))));

    /// <summary>Writes a setting as an object.</summary>
    public static void Write(Utf8JsonWriter json, string name, CausalSetting setting)
    {
        json.WriteStartObject(name);
        foreach (var (variable, value) in setting.Values)
        {
            json.WritePropertyName(variable);
            Write(json, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, CausalValue value)
    {
        switch (value.Kind)
        {
            case CausalValueKind.Truth:
                json.WriteBooleanValue(value.IsTrue);
                break;
            case CausalValueKind.Number:
                json.WriteNumberValue(value.Number);
                break;
            case CausalValueKind.Text:
                json.WriteStringValue(value.Text);
                break;
            default:
                json.WriteStartArray();
                foreach (var number in value.Vector)
                    json.WriteNumberValue(number);
                json.WriteEndArray();
                break;
        }
    }
}
