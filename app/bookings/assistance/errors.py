"""What special services refuse."""

from app.core.errors import Conflict, NotFound, Unprocessable


class ServiceRequestNotFound(NotFound):
    code = "service_request_not_found"
    title = "There is no such service request"


class ServiceClosed(Conflict):
    code = "service_closed"
    title = "Services can be asked for with a ticket, for flights that have not left"


class ServiceAlreadyHad(Conflict):
    code = "service_already_had"
    title = "This passenger has such a service on this flight"


class ServiceMalformed(Unprocessable):
    code = "service_malformed"
    title = "The request does not name a passenger, a segment and what the service needs to know"
