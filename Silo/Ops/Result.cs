using Lakala.Silo.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Lakala.Silo.Ops;

/// <summary>What came of something that an operator wanted: a value, or why nothing was changed.</summary>
internal readonly record struct Result<T>
{
    private readonly T? _value;

    private Result(T? value, Refused? refused) => (_value, Refused) = (value, refused);

    /// <summary>Null: it is done.</summary>
    public Refused? Refused { get; }

    public T Value => Refused is null ? _value! : throw new InvalidOperationException("What was refused has no value.");

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Refused refused) => new(default, refused);

    /// <summary>The answer of the API: what the value gives, or the problem.</summary>
    public IResult ToAnswer(Func<T, IResult> answer) => Refused is null ? answer(Value) : Refused.Problem;
}

/// <summary>Why nothing was changed. A page shows the reasons with the problem's status; the API answers with the problem.</summary>
internal sealed record Refused(IReadOnlyList<string> Reasons, ProblemHttpResult Problem)
{
    /// <param name="field">The member that is wrong; null: the body as a whole.</param>
    public static Refused Invalid(string? field, string reason) => new([reason], Problems.Invalid(field, reason));

    /// <summary>A file of which nothing was taken.</summary>
    public static Refused BadLines(IReadOnlyList<string> lines) => new(lines, Problems.BadLines(lines));

    public static Refused NotFound(string what, string id) => NotFound(what, id, $"There is no {what} {id}.");

    /// <param name="reason">Says more than that it is not there.</param>
    public static Refused NotFound(string what, string id, string reason) => new([reason], Problems.NoSuch(what, id));

    public static Refused Conflict(params IReadOnlyList<string> reasons) => new(reasons, Problems.Conflict(string.Join(' ', reasons)));

    public static Refused NotAllowed(string reason) => new([reason], Problems.NotAllowed());
}
