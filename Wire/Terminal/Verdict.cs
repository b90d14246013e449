using System.Globalization;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>The part that every answer has beside its own content.</summary>
/// <param name="Code">Field 39.</param>
/// <param name="Reason">Our own number, finer than the code; 0 when the code has no reason.</param>
/// <param name="Requirement">What the server asks the terminal to do next; see <see cref="ProcessingRequirement"/>.</param>
public readonly record struct Verdict(string Code, int Reason, string? ClerkText, string? CustomerText, string? Requirement = null)
{
    private const int MaxTextBytes = 120;

    internal PrivateData AddTo(PrivateData data) => data
        .Add(Tags.Reason, Reason == 0 ? null : Reason.ToString("D4", CultureInfo.InvariantCulture))
        .AddText(Tags.ClerkText, ClerkText, MaxTextBytes)
        .AddText(Tags.CustomerText, CustomerText, MaxTextBytes)
        .Add(Tags.ProcessingRequirement, Requirement);

    /// <summary>
    /// The answer to a request that cannot be authenticated. It has no MAC, so it is never final; it has only this verdict and
    /// the identification that the request gave.
    /// </summary>
    public Iso8583Message ToHint(string mti, Iso8583Message request) => new Iso8583Message(Iso8583Spec.Lakala, mti)
        .Set(11, request.Text(11)).Set(39, Code).Set(41, request.Text(41)).Set(42, request.Text(42)).Set(48, AddTo(new PrivateData()).ToBytes())
        .Set(70, request.Text(70));

    /// <summary>The verdict of any answer, a hint or a whole one.</summary>
    /// <exception cref="Iso8583Exception">It has none.</exception>
    public static Verdict ReadFrom(Iso8583Message message) => ReadFrom(message, PrivateData.ReadFrom(message));

    internal static Verdict ReadFrom(Iso8583Message message, PrivateData data) => new(
        message.Require(39),
        data[Tags.Reason] is null ? 0 : data.RequireNumber(Tags.Reason),
        data[Tags.ClerkText],
        data[Tags.CustomerText],
        data[Tags.ProcessingRequirement]);
}
