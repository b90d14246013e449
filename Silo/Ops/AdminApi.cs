using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Lakala.Silo.Ops;

/// <summary>
/// <c>/v1/admin</c>: what operators do at their pages, for their programs. Admin keys have the roles that operators have. Its OpenAPI
/// document, <c>/v1/admin/openapi/admin.json</c>, wants a key too.
/// </summary>
internal static class AdminApi
{
    public const string Document = "admin";

    public const int UsualSize = 50, MostSize = 500;

    private const string Root = "/v1/admin";

    public static void Describe(OpenApiOptions options)
    {
        DocumentShapes.Describe(options);
        KeepPublishedNames(options);
        options.AddSchemaTransformer(static (schema, context, _) =>
        {
            if (context.JsonPropertyInfo?.AttributeProvider?.IsDefined(typeof(AnyJsonAttribute), inherit: false) is true)
            {
                schema.Type = null;
            }

            return Task.CompletedTask;
        });
        options.ShouldInclude = static endpoint => endpoint.RelativePath?.StartsWith("v1/admin/", StringComparison.Ordinal) ?? false;
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Lakala operators' API",
                Version = "1",
                Description = "Stores, terminals, commands to them, settings, alarms and the money's open items. Every change is in the audit log under the "
                    + "key's name. Errors are application/problem+json. Members are only ever added to what is answered.",
            };
            document.Tags = new HashSet<OpenApiTag>
            {
                new() { Name = "Fleet", Description = "Stores and terminals." },
                new() { Name = "Commands", Description = "What operators ask of terminals." },
                new() { Name = "Settings", Description = "What terminals are told to do always." },
                new() { Name = "Watch", Description = "Alarms, swipes, open items, disputes, books and the audit log." },
                new() { Name = "Operators", Description = "Who may do what." },
                new() { Name = "Merchants", Description = "Their API keys." },
                new() { Name = "Guarantee", Description = "The fund that pays what a merchant cannot." },
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [OperatorAccess.AdminKey] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An admin key." },
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(OperatorAccess.AdminKey, document)] = [] }];
            return Task.CompletedTask;
        });
    }

    // Programs that are made from the document have these names.
    private static void KeepPublishedNames(OpenApiOptions options)
    {
        var nameOf = options.CreateSchemaReferenceId;
        options.CreateSchemaReferenceId = type => nameOf(type) switch
        {
            "Command" => "Action",
            "CommandList" => "ActionList",
            "NewCommand" => "OrderAction",
            "CommandFilter" => "ActionFilter",
            var name => name,
        };
    }

    /// <returns>The group of all endpoints of the operators' API.</returns>
    public static RouteGroupBuilder MapGroup(IEndpointRouteBuilder app)
    {
        app.MapOpenApi(Root + "/openapi/{documentName:regex(^" + Document + "$)}.json").For(OperatorRole.Watch, OperatorAccess.AdminKey);
        return app.MapGroup(Root).AddEndpointFilter(RefusedArguments.Answer)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status500InternalServerError)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    /// <returns>Null: so many may be asked for.</returns>
    public static ProblemHttpResult? RefuseLimit(int? limit) => limit is < 1 or > MostSize ? Problems.Invalid("limit", $"limit is 1 to {MostSize}.") : null;

    /// <summary>Something was made, and its secret is shown this once.</summary>
    public static IResult Created<T>(T value) => TypedResults.Json(value, statusCode: StatusCodes.Status201Created);

    public static RouteHandlerBuilder Watch(this RouteHandlerBuilder endpoint, string name, string summary) => endpoint.Named(OperatorRole.Watch, name, summary);

    public static RouteHandlerBuilder Act(this RouteHandlerBuilder endpoint, string name, string summary) => endpoint.Named(OperatorRole.Act, name, summary);

    public static RouteHandlerBuilder Administer(this RouteHandlerBuilder endpoint, string name, string summary) =>
        endpoint.Named(OperatorRole.Administer, name, summary);

    public static RouteHandlerBuilder Changes(this RouteHandlerBuilder endpoint) => endpoint
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);

    public static RouteHandlerBuilder Named(this RouteHandlerBuilder endpoint, OperatorRole least, string name, string summary) =>
        endpoint.WithName(name).WithSummary(summary).For(least, OperatorAccess.AdminKey);
}

/// <summary>The member is any JSON: a number, a text or an array, as the value has it.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AnyJsonAttribute : Attribute;
